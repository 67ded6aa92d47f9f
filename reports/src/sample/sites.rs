//! Where people go: well-known sites for ordinary days, invented ones for everything grave.

use std::collections::HashMap;

/// An ordinary site; what it is called in the lake is looked up in the shipped site list.
pub(super) const ORDINARY: &[&str] = &[
    "google.co.uk",
    "bbc.co.uk",
    "office.com",
    "wikipedia.org",
    "youtube.com",
    "microsoft.com",
    "seneca-revise.org.uk",
    "khanacademy.org",
    "gov.uk",
    "nhs.uk",
    "bitesize-notes.org.uk",
    "satchelone.com",
    "sparxmaths.com",
    "theguardian.com",
    "nationalgeographic.com",
    "quizlet.com",
    "duolingo.com",
    "tes.com",
    "britannica.com",
    "desmos.com",
    "geogebra.org",
    "canva.com",
    "bing.com",
    "sky.com",
    "weatherwatch-uk.org.uk",
    "localswimclub.org.uk",
    "villagehall-bookings.co.uk",
];

/// Advertising and delivery hosts that a page pulls in.
pub(super) const FURNITURE: &[&str] =
    &["doubleclick.net", "googlesyndication.com", "akamaihd.net", "gstatic.com"];

/// One sort of concern that the plan plants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Concern {
    /// Staff theme in the lake.
    pub(super) theme: &'static str,
    /// Code in the lake.
    pub(super) code: &'static str,
    /// Category word as an e2guardian list would have it.
    pub(super) word: &'static str,
    /// Invented site.
    pub(super) site: &'static str,
    pub(super) severity: u8,
    /// Pupils of a secondary of 300 who meet it in a term.
    pub(super) pupils: usize,
}

/// What is planted, gravest first.
pub(super) const CONCERNS: &[Concern] = &[
    Concern {
        theme: "Self-harm",
        code: "SELFHARM",
        word: "Self harm",
        site: "quiet-hours-board.org.uk",
        severity: 4,
        pupils: 12,
    },
    Concern {
        theme: "Extremism",
        code: "EXTREM",
        word: "Extremism",
        site: "iron-banner-front.org.uk",
        severity: 4,
        pupils: 2,
    },
    Concern {
        theme: "Sexual content",
        code: "PORN",
        word: "Pornography",
        site: "velvet-room-clips.com",
        severity: 3,
        pupils: 27,
    },
    Concern {
        theme: "Violence and weapons",
        code: "VIOLENCE",
        word: "Violence",
        site: "fight-reel-daily.com",
        severity: 3,
        pupils: 22,
    },
    Concern {
        theme: "Drugs, alcohol, tobacco",
        code: "DRUGS",
        word: "Drugs",
        site: "greenleaf-post.co.uk",
        severity: 3,
        pupils: 8,
    },
    Concern {
        theme: "Getting round the filter",
        code: "BYPASS",
        word: "Proxies",
        site: "tunnel-hopper.net",
        severity: 3,
        pupils: 46,
    },
    Concern {
        theme: "Hacking, piracy, crime",
        code: "HACK",
        word: "Hacking",
        site: "rootkit-corner.net",
        severity: 3,
        pupils: 18,
    },
    Concern {
        theme: "Gambling, scams, malware",
        code: "GAMBLE",
        word: "Gambling",
        site: "lucky-spinner.co.uk",
        severity: 2,
        pupils: 34,
    },
    Concern {
        theme: "AI tools and companions",
        code: "GENAI",
        word: "AI tools",
        site: "essay-writer-bot.com",
        severity: 2,
        pupils: 120,
    },
    Concern {
        theme: "Contact risks",
        code: "DATING",
        word: "Dating",
        site: "meet-now-local.co.uk",
        severity: 2,
        pupils: 15,
    },
    Concern {
        theme: "Games",
        code: "GAMES",
        word: "Games",
        site: "tank-arena-online.com",
        severity: 1,
        pupils: 150,
    },
];

/// What the shipped site list says of a site on every day, `UNCAT` if nothing.
pub(super) fn shipped_codes() -> HashMap<&'static str, &'static str> {
    include_str!("../../../ingest/data/sites.csv")
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut cells = line.split(',');
            Some((cells.next()?, cells.next()?))
        })
        .collect()
}
