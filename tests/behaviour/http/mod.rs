//! The AWS HTTP edge, through its front door.

mod hostile;
mod things;
