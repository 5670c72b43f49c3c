//! What happens to networks, and what they are to do about it.

mod crash_and_return;
mod equivocation;
mod rpc;
mod safe_mode;
mod sealing;
mod session_keys;
mod staking;
mod upgrade;
mod verbs;
