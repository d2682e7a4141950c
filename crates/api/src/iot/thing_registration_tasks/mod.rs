//! Operations on the tasks of bulk registration.

mod describe_thing_registration_task;
mod list_thing_registration_task_reports;
mod list_thing_registration_tasks;
mod start_thing_registration_task;
mod stop_thing_registration_task;

pub use describe_thing_registration_task::DescribeThingRegistrationTask;
pub use list_thing_registration_task_reports::ListThingRegistrationTaskReports;
pub use list_thing_registration_tasks::ListThingRegistrationTasks;
pub use start_thing_registration_task::StartThingRegistrationTask;
pub use stop_thing_registration_task::StopThingRegistrationTask;
