//! What goes on for seats, each in a task of its own: a crash of one is the end of that task alone.

use std::collections::HashMap;
use std::future::Future;

use assay_core::{Action, Call, Event};
use tokio::task::{self, AbortHandle, JoinSet};

use super::place::Id;

/// Tasks of seats. All end when this is dropped.
#[derive(Default)]
pub struct Tasks {
    set: JoinSet<Option<Event>>,
    /// Whose a task is, and what it does.
    seats: HashMap<task::Id, (Id, Action)>,
}

impl Tasks {
    /// Begins what a seat asked for.
    pub fn spawn(
        &mut self,
        seat: Id,
        action: Action,
        work: impl Future<Output = Option<Event>> + Send + 'static,
    ) {
        let task = self.set.spawn(work);
        self.seats.insert(task.id(), (seat, action));
    }

    /// Begins something of no seat.
    pub fn spawn_aside(&mut self, work: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        self.set.spawn(async move {
            work.await;
            None
        })
    }

    /// What still comes of a seat's tasks is not heard: if the seat is taken on again, it is another one.
    pub fn forget(&mut self, seat: &Id) {
        self.seats.retain(|_, (of, _)| of != seat);
    }

    /// The next event of a seat; `None` when nothing goes on. Nothing is lost when this is dropped before it ends.
    pub async fn next(&mut self) -> Option<(Id, Event)> {
        while let Some(ended) = self.set.join_next_with_id().await {
            let (task, ended) = match ended {
                Ok((task, event)) => (task, Ok(event)),
                Err(error) => (error.id(), Err(error)),
            };
            let seat = self.seats.remove(&task);
            if let Err(error) = &ended {
                tracing::error!(?seat, %error, "a task has crashed: please report it");
            }
            let Some((id, action)) = seat else { continue };
            if let Some(event) = ended.unwrap_or_else(|_| crashed(action)) {
                return Some((id, event));
            }
        }
        None
    }

    /// Ends all.
    pub async fn shutdown(&mut self) {
        self.set.shutdown().await;
    }
}

/// How something ends that has failed; `None` for what is no task.
pub fn failed(action: Action) -> Option<Event> {
    Some(match action {
        Action::Fetch => Event::FetchFailed,
        Action::Run => Event::RunFailed,
        Action::Open { leaves } => Event::OpenFailed { leaves },
        Action::Commit(_) => Event::NotSent(Call::Commit),
        Action::Reveal { .. } => Event::NotSent(Call::Reveal),
        Action::Decline => Event::NotSent(Call::Decline),
        Action::Publish => Event::PublishFailed,
        Action::Stop | Action::Clean { .. } => return None,
    })
}

/// How something ends that has crashed. It would again: a seat that has sealed nothing is given back.
fn crashed(action: Action) -> Option<Event> {
    match action {
        Action::Fetch | Action::Run => Some(Event::Unfit),
        other => failed(other),
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::sync::oneshot;

    use super::*;

    const SEAT: Id = (7, 1, [1; 32]);
    const OTHER: Id = (8, 1, [1; 32]);

    async fn crash() -> Option<Event> {
        panic!("as a defect would")
    }

    #[tokio::test]
    async fn a_crash_ends_its_task_alone() {
        let mut tasks = Tasks::default();
        let (go, wait) = oneshot::channel();
        tasks.spawn(OTHER, Action::Run, async move { wait.await.ok() });
        tasks.spawn(SEAT, Action::Run, crash());
        assert_eq!(tasks.next().await, Some((SEAT, Event::Unfit)), "it is given back");
        tasks.spawn(SEAT, Action::Reveal { leaves: None }, crash());
        assert_eq!(tasks.next().await, Some((SEAT, Event::NotSent(Call::Reveal))), "it is tried again");
        go.send(Event::RunFailed).expect("it waits");
        assert_eq!(tasks.next().await, Some((OTHER, Event::RunFailed)));
        tasks.spawn_aside(async { panic!("as a defect would") });
        assert_eq!(tasks.next().await, None);
    }

    #[tokio::test]
    async fn a_seat_that_is_taken_again_does_not_hear_of_the_one_before() {
        let mut tasks = Tasks::default();
        tasks.spawn(SEAT, Action::Fetch, ready(Some(Event::Fetched)));
        tasks.forget(&SEAT);
        tasks.spawn(SEAT, Action::Fetch, ready(Some(Event::FetchFailed)));
        assert_eq!(tasks.next().await, Some((SEAT, Event::FetchFailed)));
        assert_eq!(tasks.next().await, None);
    }

    #[tokio::test]
    async fn what_goes_on_ends_with_the_worker() {
        let mut tasks = Tasks::default();
        tasks.spawn(SEAT, Action::Publish, pending());
        tasks.shutdown().await;
        assert_eq!(tasks.next().await, None);
    }
}
