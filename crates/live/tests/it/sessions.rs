//! Restarts, sessions and their replay (invariants B6, H6, D2).

use bus::bots::Happened;
use live::session;

use crate::world::{World, bots_dir, grid, start, stop, trend, until};

#[test]
fn b6_h6_bots_go_on_after_a_restart_and_every_session_replays_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::open(dir.path());
    world.command(trend("trend"));
    world.command(grid(&world, "ladder"));
    world.command(start("trend"));
    world.command(start("ladder"));
    for _ in 0..3 {
        let mut events = world.listen();
        for _ in 0..2 {
            until(&mut events, |e| matches!(&e.what, Happened::Order { outcome, .. } if outcome == "fill"));
        }
        let before = world.show("trend");
        // Orders are live, bars open, fills under way.
        world.stop();
        world.start();
        let after = world.show("trend");
        assert_eq!((after.state.as_str(), after.funds), ("running", before.funds));
        assert!(after.decisions >= before.decisions);
    }
    let mut events = world.listen();
    for name in ["trend", "ladder"] {
        world.command(stop(name));
    }
    while world.show("ladder").orders + world.show("trend").orders > 0 {
        events.wait().unwrap().unwrap();
    }
    for name in ["trend", "ladder"] {
        let bot = world.show(name);
        assert_eq!(bot.assets, world.held(bot.account), "{name}");
    }
    world.close();

    let bots = bots_dir(dir.path());
    let sessions = session::list(&bots).unwrap();
    assert_eq!(sessions.iter().map(|s| s.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(sessions.iter().map(|s| s.intents).sum::<u64>() > 4);
    for session in &sessions {
        let first = session::replay(&bots, session.number).unwrap();
        assert_eq!(&first.session, session);
        // One at its beginning, one at its end.
        assert_eq!(first.checkpoints, 2);
        for _ in 0..3 {
            assert_eq!(session::replay(&bots, session.number).unwrap(), first);
        }
    }
    assert!(session::replay(&bots, 9).is_err());
}
