//! What plays.

use crate::refer::answer::Answer;
use crate::refer::case::Case;

pub(super) fn cases() -> Vec<Case> {
    let page = |name, body: &str| Case::new("media", name, body);
    let plays = |name, body: &str| {
        Case::new("media", name, body)
            .at("s.wav", Answer::sound())
            .script("Math.abs(document.querySelector('audio, video').duration - 0.5) < 0.1")
    };
    let subtitles = "<script>addEventListener('load', () => { document.querySelector('track').track.mode = 'hidden' })</script>";
    let cues = "document.querySelector('track').readyState === 2 && document.querySelector('track').track.cues.length === 1";
    let vtt = || Answer::typed("text/vtt", "WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n");
    vec![
        plays("audio", "<audio controls src=s.wav></audio>"),
        plays(
            "audio-source",
            "<audio controls><source src=no.xyz type=audio/no><source src=s.wav type=audio/wav></audio>",
        ),
        plays(
            "audio-on-demand",
            "<audio preload=none src=s.wav></audio><script>addEventListener('load', () => document.querySelector('audio').load()); document.querySelector('audio').preload = 'auto'</script>",
        ),
        plays(
            "audio-by-script",
            "<a href=s.wav></a><script>document.body.append(new Audio('s.wav'))</script>",
        ),
        plays("video", "<video controls src=s.wav></video>"),
        plays(
            "video-source",
            "<video controls><source src=s.wav media=all></video>",
        ),
        plays(
            "video-fragment",
            "<video controls src='s.wav#t=0.1,0.2'></video>",
        ),
        page(
            "audio-other-host",
            "<audio controls src={there}/audio-other-host/s.wav></audio>",
        )
        .there("s.wav", Answer::sound())
        .script("document.querySelector('audio').duration > 0"),
        page(
            "poster",
            "<video id=x width=60 height=60 poster=i.png></video>",
        )
        .image("i.png")
        .green("#x"),
        page(
            "track",
            &format!("<video src=s.wav><track src=t.vtt default></video>{subtitles}"),
        )
        .at("s.wav", Answer::sound())
        .at("t.vtt", vtt())
        .script(cues),
    ]
}
