//! Where devices find this server.

mod describe_endpoint;

pub use describe_endpoint::DescribeEndpoint;
