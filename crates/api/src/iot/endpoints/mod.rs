//! Where devices find this server.

mod describe_endpoint;

pub use describe_endpoint::DescribeEndpoint;
pub(in crate::iot) use describe_endpoint::data_endpoint;
