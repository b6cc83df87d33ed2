//! The machine: a disk that is full, limits, signals, and somebody else in the same folder.

use std::fs;

use nix::sys::signal::Signal;

use crate::hostile::behaviour::{Behaviour, Trouble};

pub(super) fn all() -> Vec<Behaviour> {
    let shell = |name, says, before, exits| {
        Behaviour::new(name, says).trouble(Trouble::Shell(before, exits))
    };
    let traced =
        |name, says, inject| Behaviour::new(name, says).trouble(Trouble::Strace(inject, &[3]));
    let signal = |name, says, signal, exits| {
        Behaviour::new(name, says)
            .latency(40)
            .trouble(Trouble::Signal(signal, exits))
    };
    vec![
        shell(
            "files-of-50-k",
            "no file may be longer than 50 KB",
            "trap '' XFSZ; ulimit -f 100",
            &[3],
        ),
        shell(
            "files-of-0",
            "no file may have a byte",
            "trap '' XFSZ; ulimit -f 0",
            &[3],
        ),
        shell(
            "few-descriptors",
            "no more than 24 files and connections may be open",
            "ulimit -n 24",
            &[0, 3, 4],
        ),
        shell(
            "too-few-descriptors",
            "no more than 12 files and connections may be open",
            "ulimit -n 12",
            &[0, 1, 3, 4],
        ),
        shell(
            "little-stack",
            "threads have a stack of 512 KiB, a fourth of the usual",
            "export RUST_MIN_STACK=524288; ulimit -s 512",
            &[0],
        ),
        shell(
            "closed-output",
            "standard output and error are closed",
            "exec >&- 2>&-",
            &[0],
        ),
        shell(
            "full-output",
            "standard output and error are a full disk",
            "exec >/dev/full 2>/dev/full",
            &[0, 3],
        ),
        shell(
            "broken-pipe",
            "nobody reads standard output and error",
            "exec 3>&1; mkfifo p; (: <p) & exec >p 2>&1; rm p; wait",
            &[0],
        ),
        traced(
            "disk-full-at-write",
            "the disk is full from the fortieth write to the state on",
            "-P COPY/.dragline/journal.db-wal -e inject=pwrite64:error=ENOSPC:when=10+",
        ),
        traced(
            "archive-full",
            "the disk is full from the tenth write to the archive on",
            "-P COPY/.dragline/archive/dragline-00000.warc.gz -e inject=write:error=ENOSPC:when=10+",
        ),
        traced(
            "archive-broken",
            "the disk breaks at a write to the archive",
            "-P COPY/.dragline/archive/dragline-00000.warc.gz -e inject=write:error=EIO:when=5",
        ),
        traced(
            "quota",
            "the quota is used up when files of the copy get their names",
            "-e inject=renameat,renameat2:error=EDQUOT:when=3+",
        ),
        traced(
            "not-permitted",
            "files of the copy may not get their names any more",
            "-e inject=renameat,renameat2:error=EACCES:when=3+",
        ),
        Behaviour::new(
            "no-more-sockets",
            "no sockets may be had, for too many files are open",
        )
        .trouble(Trouble::Strace("-e inject=socket:error=EMFILE", &[0, 4])),
        Behaviour::new(
            "network-gone",
            "no connection can be made, for there is no network",
        )
        .trouble(Trouble::Strace("-e inject=connect:error=ENETUNREACH", &[4])),
        signal("interrupt", "SIGINT in the middle", Signal::SIGINT, &[11]),
        signal(
            "interrupt-early",
            "SIGINT as the first good page is asked for",
            Signal::SIGINT,
            &[11],
        )
        .at(1),
        signal(
            "interrupt-late",
            "SIGINT as the last good page is asked for",
            Signal::SIGINT,
            &[0, 11],
        )
        .at(20),
        signal(
            "terminate-early",
            "SIGTERM as the first good page is asked for",
            Signal::SIGTERM,
            &[11],
        )
        .at(1),
        signal(
            "terminate-late",
            "SIGTERM as the last good page is asked for",
            Signal::SIGTERM,
            &[0, 11],
        )
        .at(20),
        signal("terminate", "SIGTERM in the middle", Signal::SIGTERM, &[11]),
        signal(
            "hang-up",
            "SIGHUP in the middle",
            Signal::SIGHUP,
            &[11, 129],
        ),
        signal("kill", "SIGKILL in the middle", Signal::SIGKILL, &[137]),
        Behaviour::new(
            "clock-in-the-past",
            "files of the copy's folder that are from the future",
        )
        .plant(|copy, _| {
            fs::write(copy.join("old"), "from the future")?;
            let file = fs::File::options().write(true).open(copy.join("old"))?;
            file.set_modified(
                std::time::SystemTime::now() + std::time::Duration::from_secs(400_000_000),
            )
        }),
        Behaviour::new("state-of-another", "the folder holds a state that is none")
            .plant(|copy, _| {
                fs::create_dir(copy.join(".dragline"))?;
                fs::write(
                    copy.join(".dragline/journal.db"),
                    "this is no journal".repeat(1_000),
                )
            })
            .refuses("journal"),
        Behaviour::new(
            "state-is-a-link",
            "the folder of the state is a symbolic link to another",
        )
        .plant(|copy, outside| {
            std::os::unix::fs::symlink(outside.join("folder"), copy.join(".dragline"))
        })
        .refuses(".dragline"),
        Behaviour::new("locked", "another crawl is at work in the folder").trouble(Trouble::Shell(
            "mkdir -p copy/.dragline; exec flock copy/.dragline/lock \"$0\" \"$@\"",
            &[2, 3],
        )),
    ]
}
