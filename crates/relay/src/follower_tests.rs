//! Where each room is, who waits, and what is given up: without Redis.

use serde_json::value::to_raw_value;
use stream::{Over, Owner};
use tokio::sync::oneshot;

use super::*;

fn room() -> Room {
    Room::parse("trades:tokyo:BTCUSDT").unwrap()
}

fn piece(json: &str) -> Piece {
    serde_json::from_str(json).unwrap()
}

fn follower() -> (Arc<Hub>, Follower) {
    let hub = Hub::new("here");
    (Arc::clone(&hub), Follower::new(hub))
}

const WHOLE: &str = r#"{"epoch":"t.1","from":4,"offset":5,"whole":true,"events":[{"type":"event","room":"trades:BTCUSDT","offset":5,"ts":1,"data":{"id":5}}]}"#;

#[test]
fn a_room_is_entered_with_its_first_piece_and_given_up_after_a_silence() {
    let (hub, mut follower) = follower();
    let (reply, mut answer) = oneshot::channel();
    assert!(follower.enter(room(), reply), "its origin has to be asked");
    let first = follower.want(&room()).unwrap();
    assert_eq!((first.room.as_str(), first.since, first.state), ("trades:BTCUSDT", None, false));
    assert!(answer.try_recv().is_err(), "not known yet");
    assert!(!follower.piece(&room(), &piece(WHOLE)));
    assert_eq!(answer.try_recv().unwrap(), Ok(()));
    let mut client = hub.connect(Owner(1), None, || {}).unwrap();
    let since = Since { epoch: "t.1".into(), offset: 4 };
    let entered = client.subscribe(Channel::shared(room()).unwrap(), Some(&since)).unwrap();
    assert_eq!((&*entered.epoch, entered.offset, entered.missed.unwrap().len()), ("t.1", 5, 1));
    let now = Instant::now();
    assert!(follower.sweep(now + SILENCE_MAX / 2).is_empty());
    assert_eq!(client.over(), None);
    assert_eq!(follower.sweep(now + SILENCE_MAX), [room()]);
    assert_eq!(client.over(), Some(Over::Ended(SILENT)));
    assert_eq!((follower.len(), hub.position(&Channel::shared(room()).unwrap())), (0, None));
}

#[test]
fn a_gap_is_asked_for_once_and_a_state_is_as_new_as_the_room() {
    let (hub, mut follower) = follower();
    let (reply, _answer) = oneshot::channel();
    follower.enter(room(), reply);
    follower.piece(&room(), &piece(WHOLE));
    let ahead = WHOLE.replace("\"from\":4", "\"from\":7").replace("true", "false");
    assert!(follower.piece(&room(), &piece(&ahead)), "asked for");
    assert!(!follower.piece(&room(), &piece(&ahead)), "on its way");
    let want = follower.want(&room()).unwrap();
    assert_eq!(want.since, Some(Since { epoch: "t.1".into(), offset: 5 }));
    follower.ask_again();
    assert!(follower.piece(&room(), &piece(&ahead)), "the answer was lost, too");
    let (reply, mut answer) = oneshot::channel();
    assert!(follower.state(room(), reply));
    assert!(follower.want(&room()).unwrap().state);
    let state = |epoch: &str, offset| State {
        epoch: epoch.to_owned(),
        offset,
        state: to_raw_value(&offset).unwrap(),
    };
    assert!(follower.told(&room(), &state("t.1", 4)), "older than where the room is: asked again");
    assert!(answer.try_recv().is_err());
    assert!(!follower.told(&room(), &state("t.1", 5)));
    assert_eq!(answer.try_recv().unwrap().unwrap().get(), "5");
    drop(hub);
}

#[test]
fn those_who_wait_are_told_why_not() {
    let (_hub, mut follower) = follower();
    let (reply, mut answer) = oneshot::channel();
    follower.enter(room(), reply);
    assert!(follower.refused(&room(), "there is no such market"));
    assert_eq!(answer.try_recv().unwrap(), Err("there is no such market".to_owned()));
    assert_eq!(follower.len(), 0);
    let (reply, mut answer) = oneshot::channel();
    assert!(!follower.state(room(), reply));
    assert!(answer.try_recv().unwrap().is_err(), "not entered");
}
