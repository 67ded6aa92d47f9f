//! Hand-made tables and sets for tests and for looking at; no figure here comes from anywhere.

use query::disclosure::sealed::{
    OperationalMeasure, Parts, RollGroup, SealedGroup, SealedPolicy, SealedRow, SealedSet, SealedTable, Shown,
};
use query::{Cell, ColumnRole, CoveredPeriod, Table, TableColumn, Versions};

fn column(id: &'static str, heading: &'static str, unit: &'static str, role: ColumnRole) -> TableColumn {
    TableColumn { id: id.into(), heading: heading.into(), unit, role }
}

fn table(
    schema: &'static str,
    title: &str,
    unit: &'static str,
    columns: Vec<TableColumn>,
    rows: Vec<Vec<Cell>>,
) -> Table {
    Table {
        schema,
        title: title.to_owned(),
        school: "Northbrook Community School".to_owned(),
        period: CoveredPeriod { from: "2025-09-01".into(), to: "2025-12-19".into(), school_days: 74 },
        unit,
        denominator: "active actor-days",
        interval: "95 % interval, leaving out one pupil at a time",
        notes: vec![
            "Last night's logs went in at 04:12; this is not live monitoring.".to_owned(),
            "One night is missing: 14 November 2025.".to_owned(),
        ],
        reading: "The last week lies inside its usual range.".to_owned(),
        versions: Versions {
            watershed: "0.1.0".into(),
            settings: "9f2c11d0".into(),
            lake: vec!["requests=41".into()],
        },
        columns,
        rows,
    }
}

/// Weeks on a control chart: one unusual, one not judged, and a recorded change.
pub(crate) fn control() -> Table {
    let text = |text: &str| Cell::Text(text.to_owned());
    let weeks = [
        ("2025-09-08", 12.0, 12.5, "", true, ""),
        ("2025-09-15", 13.5, 12.5, "", true, ""),
        ("2025-09-22", 24.0, 12.5, "higher: above the limit", true, ""),
        ("2025-09-29", 11.0, 12.5, "", true, ""),
        ("2025-10-06", 3.0, 12.5, "", false, ""),
        ("2025-10-13", 31.0, 30.0, "", true, "another filter (head of IT)"),
        ("2025-10-20", 29.0, 30.0, "", true, ""),
    ];
    let rows = weeks.iter().map(|(week, value, centre, signal, judged, anew)| {
        vec![
            text(week),
            text("XmR"),
            text(signal),
            Cell::Real(*value),
            Cell::Real(*centre),
            Cell::Real(centre - 8.0),
            Cell::Real(centre + 8.0),
            text("per 1,000"),
            text("locked from 2025-09-08"),
            if anew.is_empty() { Cell::Missing } else { text(anew) },
            Cell::Boolean(*judged),
        ]
    });
    let value = "actor-days per 1,000 active actor-days; days between: school days";
    table(
        "watershed.trend.chart/1",
        "Control chart, whole school",
        "actor-days",
        vec![
            column("week_start_date", "From", "", ColumnRole::Dimension),
            column("chart", "Chart", "", ColumnRole::Dimension),
            column("signal", "Unusual", "", ColumnRole::Dimension),
            column("value", "Value", value, ColumnRole::Measure),
            column("centre", "Centre line", value, ColumnRole::Measure),
            column("lower_limit", "Lower limit", value, ColumnRole::Measure),
            column("upper_limit", "Upper limit", value, ColumnRole::Measure),
            column("value_unit", "Unit", "", ColumnRole::Dimension),
            column("limits", "Limits", "", ColumnRole::Dimension),
            column("rebased", "Starts anew for", "", ColumnRole::Dimension),
            column("judged", "Judged", "yes or no", ColumnRole::Evidence),
        ],
        rows.collect(),
    )
}

/// Ratios to the year before, one of them clear, one without a year before.
pub(crate) fn ratios() -> Table {
    let text = |text: &str| Cell::Text(text.to_owned());
    let row = |theme: &str, stage: &str, word: &str, ratio: [f64; 3]| {
        vec![
            text(theme),
            text(stage),
            text(word),
            Cell::Real(ratio[0]),
            Cell::Real(ratio[1]),
            Cell::Real(ratio[2]),
        ]
    };
    let mut rows = vec![
        row("Getting round the filter", "KS4", "higher", [1.51, 1.26, 1.81]),
        row("Bullying", "all", "no clear change", [0.9, 0.02, 40.0]),
    ];
    let mut none = row("Hate", "KS3", "not comparable: no data a year before", [0.0; 3]);
    none[3..].fill(Cell::Missing);
    rows.push(none);
    table(
        "watershed.trend.year/1",
        "13 school weeks beside the same half-term weeks a year before",
        "actor-days",
        vec![
            column("theme", "Theme", "", ColumnRole::Dimension),
            column("key_stage", "Key stage", "", ColumnRole::Dimension),
            column("comparison", "Comparison", "", ColumnRole::Dimension),
            column("ratio", "Ratio", "times", ColumnRole::Measure),
            column("ratio_lower", "Lower end", "times", ColumnRole::Lower),
            column("ratio_upper", "Upper end", "times", ColumnRole::Upper),
        ],
        rows,
    )
}

/// Weeks of a term with a rate and its interval; half-term leaves a hole.
pub(crate) fn trend() -> Table {
    let weeks = [
        ("2025-09-01", 31, 12.4, 8.1, 17.0),
        ("2025-09-08", 40, 14.9, 10.2, 20.3),
        ("2025-09-15", 38, 13.8, 9.6, 18.9),
        ("2025-09-22", 44, 16.0, 11.2, 21.7),
        ("2025-09-29", 29, 10.9, 7.0, 15.6),
        ("2025-10-06", 47, 17.3, 12.0, 23.4),
        ("2025-10-13", 52, 19.1, 13.5, 25.7),
        ("2025-10-20", 35, 12.7, 8.5, 17.7),
        ("2025-11-03", 41, 14.8, 10.1, 20.2),
        ("2025-11-10", 30, 13.7, 8.6, 19.8),
        ("2025-11-17", 66, 23.8, 17.2, 31.5),
        ("2025-11-24", 58, 21.1, 15.0, 28.2),
        ("2025-12-01", 49, 17.9, 12.5, 24.2),
        ("2025-12-08", 37, 13.5, 9.1, 18.6),
        ("2025-12-15", 22, 9.8, 5.7, 14.9),
    ];
    table(
        "watershed.trend/1",
        "Getting round the filter: how many pupil-days in every 1,000",
        "actor-days",
        vec![
            column("week_start_date", "School week beginning", "", ColumnRole::Dimension),
            column("actor_days", "Actor-days", "actor-days", ColumnRole::Measure),
            column("rate_per_1000", "Rate", "actor-days per 1,000 active actor-days", ColumnRole::Measure),
            column("rate_lower_per_1000", "Lower end", "", ColumnRole::Lower),
            column("rate_upper_per_1000", "Upper end", "", ColumnRole::Upper),
        ],
        weeks
            .iter()
            .map(|(week, count, rate, lower, upper)| {
                vec![
                    Cell::Text((*week).to_owned()),
                    Cell::Integer(*count),
                    Cell::Real(*rate),
                    Cell::Real(*lower),
                    Cell::Real(*upper),
                ]
            })
            .collect(),
    )
}

/// Three themes beside each other.
pub(crate) fn themes() -> Table {
    let mut rows = Vec::new();
    for (position, week) in ["2025-09-01", "2025-09-08", "2025-09-15", "2025-09-22"].iter().enumerate() {
        let step = i64::try_from(position).unwrap_or(0);
        for (theme, count) in
            [("Bypass", 20 + 3 * step), ("AI tools", 35 - 2 * step), ("Bullying", 6 + step % 2)]
        {
            rows.push(vec![
                Cell::Text((*week).to_owned()),
                Cell::Text(theme.to_owned()),
                Cell::Integer(count),
            ]);
        }
    }
    table(
        "watershed.trend/1",
        "Attempts in each week",
        "attempts",
        vec![
            column("week_start_date", "School week beginning", "", ColumnRole::Dimension),
            column("theme", "Theme", "", ColumnRole::Dimension),
            column("attempts", "Attempts", "attempts", ColumnRole::Measure),
        ],
        rows,
    )
}

/// Groups and themes; one group has no figure.
pub(crate) fn groups() -> Table {
    let groups = ["Year 7", "Year 8", "Year 9", "Year 10", "Year 11", "Year 12", "Year 13"];
    let themes = [
        ("Getting round the filter", [12, 31, 66, 40, 22, 9, 4]),
        ("AI tools and companions", [55, 61, 48, 72, 90, 31, 28]),
        ("Self-harm and suicide", [1, 0, 3, 2, 0, 0, 1]),
        ("Violence and weapons", [4, 9, 14, 7, 3, 0, 0]),
        ("Gambling, scams, malware", [2, 3, 11, 24, 35, 12, 6]),
    ];
    let mut rows = Vec::new();
    for (theme, values) in themes {
        for (group, value) in groups.iter().zip(values) {
            let missing = *group == "Year 13" && value == 1;
            let cell = if missing { Cell::Missing } else { Cell::Integer(value) };
            rows.push(vec![Cell::Text((*group).to_owned()), Cell::Text(theme.to_owned()), cell]);
        }
    }
    table(
        "watershed.groups/1",
        "Episodes by theme and year group",
        "episodes",
        vec![
            column("group_id", "Group", "", ColumnRole::Dimension),
            column("theme", "Theme", "", ColumnRole::Dimension),
            column("episodes", "Episodes", "episodes", ColumnRole::Measure),
        ],
        rows,
    )
}

/// A severe episode or two.
pub(crate) fn attention() -> Table {
    let text = |text: &str| Cell::Text(text.to_owned());
    table(
        "watershed.attention/1",
        "What needs attention",
        "episodes",
        vec![
            column("started_local", "Started", "", ColumnRole::Dimension),
            column("pseudonym", "Pseudonym", "", ColumnRole::Dimension),
            column("group", "Group", "", ColumnRole::Dimension),
            column("theme", "Theme", "", ColumnRole::Dimension),
            column("outcome", "Outcome", "", ColumnRole::Dimension),
            column("severity_level", "Severity", "1 to 5", ColumnRole::Measure),
            column("records", "Records", "records", ColumnRole::Evidence),
        ],
        vec![
            vec![
                text("2025-12-17 13:42"),
                text("4be1a09c77d20f13"),
                text("Year 10"),
                text("Self-harm"),
                text("allowed"),
                Cell::Integer(5),
                Cell::Integer(7),
            ],
            vec![
                text("2025-12-16 09:05"),
                text("00c1d5f2aa3e9b40"),
                text("Year 8"),
                text("Sexual content"),
                text("blocked"),
                Cell::Integer(4),
                Cell::Integer(23),
            ],
        ],
    )
}

fn row(name: &str, heading: &str, shown: Shown) -> SealedRow {
    let banded = matches!(shown, Shown::Band { .. });
    SealedRow {
        row: name.to_owned(),
        heading: heading.to_owned(),
        group: "school".to_owned(),
        per_hundred: match &shown {
            Shown::Band { from, to } => {
                Some(format!("{} to {} in every 100 pupils", from * 100 / 1030, (to * 100).div_ceil(1030)))
            }
            _ => None,
        },
        change: banded.then(|| "no clear change".to_owned()),
        shown,
    }
}

/// Two key stages and their year groups.
fn group_tree() -> Vec<SealedGroup> {
    let group = |id: &str, name: &str, parent: &str, pupils, parts| SealedGroup {
        id: id.to_owned(),
        name: name.to_owned(),
        parent: parent.to_owned(),
        pupils,
        parts,
    };
    vec![
        group("school", "Whole school", "", 1030, Parts::Rows),
        group("KS3", "Key stage 3 (Year 7 to Year 9)", "school", 623, Parts::Rows),
        group("Y7", "Year 7", "KS3", 210, Parts::None),
        group("Y8", "Year 8", "KS3", 205, Parts::None),
        group("Y9", "Year 9", "KS3", 208, Parts::None),
        group("KS4", "Key stage 4 (Year 10 to Year 11)", "school", 407, Parts::Rows),
        group("Y10", "Year 10", "KS4", 205, Parts::None),
        group("Y11", "Year 11", "KS4", 202, Parts::None),
    ]
}

/// A row for each group, with the figures of the key stages and of their year groups.
fn parts(name: &str, heading: &str, shown: [Option<u32>; 7]) -> Vec<SealedRow> {
    let form = |from: Option<u32>| match from {
        Some(from) => Shown::Band { from, to: from + 4 },
        None => Shown::NotBrokenDown,
    };
    let groups = group_tree().into_iter().skip(1).zip(shown);
    groups.map(|(group, from)| SealedRow { group: group.id, ..row(name, heading, form(from)) }).collect()
}

/// A secondary school's governor set.
pub(crate) fn governors() -> SealedSet {
    let band = |from| Shown::Band { from, to: from + 4 };
    let few = || Shown::FewerThan { n: 10 };
    SealedSet {
        schema: "watershed.sealed/1".to_owned(),
        id: "northbrook-governors-2025-autumn-7c1e".to_owned(),
        school: "northbrook".to_owned(),
        school_name: "Northbrook Community School".to_owned(),
        audience: "governors".to_owned(),
        period: "2025-autumn".to_owned(),
        period_from: "2025-09-01".to_owned(),
        period_to: "2025-12-19".to_owned(),
        sealed_on: "2026-01-05".to_owned(),
        approver: "designated safeguarding lead".to_owned(),
        policy: SealedPolicy {
            version: "1".to_owned(),
            threshold_pupils: 10,
            band_pupils: 5,
            category_list_version: "a41f90".to_owned(),
            shape: "T0 T1".to_owned(),
        },
        roll: vec![
            RollGroup { group: "Year 7".to_owned(), pupils: 210, counted: true },
            RollGroup { group: "Year 8".to_owned(), pupils: 205, counted: true },
        ],
        groups: group_tree(),
        categories: Vec::new(),
        tables: vec![
            SealedTable {
                id: "T0".to_owned(),
                title: "Pupils with at least one episode in any of the rows below".to_owned(),
                roll: 1030,
                rows: vec![row("Any of the risks below", "", band(210))],
            },
            SealedTable {
                id: "T1".to_owned(),
                title: "Pupils with at least one episode in each row".to_owned(),
                roll: 1030,
                rows: vec![
                    row("Sexual content", "content", band(25)),
                    row("Self-harm, suicide, eating disorders", "content", band(30)),
                    row("Violence and weapons", "content", band(40)),
                    row("Hate and extremism", "content", few()),
                    row("Drugs, alcohol, tobacco", "content", band(15)),
                    row("Misleading content", "content", few()),
                    row("Contact risks", "contact", few()),
                    row("AI tools and companions", "contact", band(95)),
                    row("Getting round the filter", "conduct", band(60)),
                    row("Bullying", "conduct", few()),
                    row("Hacking, piracy, crime", "conduct", band(10)),
                    row("Gambling, scams, malware", "commerce", band(25)),
                ],
            },
            SealedTable {
                id: "T2".to_owned(),
                title: "Pupils with at least one episode, by key stage and year group".to_owned(),
                roll: 1030,
                rows: parts(
                    "Any of the risks below",
                    "",
                    [Some(115), Some(30), Some(40), Some(45), Some(95), Some(50), Some(45)],
                ),
            },
            SealedTable {
                id: "T3".to_owned(),
                title: "Pupils by row, key stage and year group".to_owned(),
                roll: 1030,
                rows: [
                    parts(
                        "Self-harm, suicide, eating disorders",
                        "content",
                        [Some(15), None, None, None, Some(15), None, None],
                    ),
                    parts("Contact risks", "contact", [None; 7]),
                ]
                .concat(),
            },
        ],
        operational: vec![
            OperationalMeasure {
                id: "nights_missing_days".to_owned(),
                title: "School days without logs".to_owned(),
                shown: "1 of 74 days".to_owned(),
            },
            OperationalMeasure {
                id: "identified_percent".to_owned(),
                title: "Share of requests tied to a person".to_owned(),
                shown: "93 %".to_owned(),
            },
            OperationalMeasure {
                id: "requests".to_owned(),
                title: "Page requests seen, all users".to_owned(),
                shown: "12,000,000".to_owned(),
            },
        ],
        statements: vec![
            "Some matters are never reported here, whether or not any arose.".to_owned(),
            "Parts need not add up: each row is its own range.".to_owned(),
        ],
    }
}

/// The parent set below it.
pub(crate) fn parents() -> SealedSet {
    let mut set = governors();
    set.id = "northbrook-parents-2025-autumn-19ab".to_owned();
    set.audience = "parents".to_owned();
    set.groups.truncate(1);
    set.policy.threshold_pupils = 20;
    set.policy.band_pupils = 10;
    let band = |from| Shown::Band { from, to: from + 9 };
    let few = || Shown::FewerThan { n: 20 };
    set.tables = vec![
        SealedTable {
            id: "T0".to_owned(),
            title: "Pupils with at least one event in any topic".to_owned(),
            roll: 1030,
            rows: vec![row("Any topic", "", band(210))],
        },
        SealedTable {
            id: "T1".to_owned(),
            title: "Pupils with at least one event in each topic".to_owned(),
            roll: 1030,
            rows: vec![
                row("Violence and weapons", "content", band(40)),
                row("Misleading content", "content", few()),
                row("AI tools and companions", "contact", band(90)),
                row("Getting round the filter", "conduct", band(60)),
                row("Bullying", "conduct", few()),
                row("Hacking, piracy, crime", "conduct", few()),
                row("Gambling, scams, malware", "commerce", band(20)),
            ],
        },
    ];
    set.operational = vec![
        OperationalMeasure {
            id: "commonest_blocked_words".to_owned(),
            title: "What the filter stopped most often".to_owned(),
            shown: "games, adverts, shopping".to_owned(),
        },
        OperationalMeasure {
            id: "sites_opened_sites".to_owned(),
            title: "Sites opened for lessons, to the nearest 5".to_owned(),
            shown: "25 sites".to_owned(),
        },
    ];
    set
}

/// A village school: no pupil figures at all.
pub(crate) fn village() -> SealedSet {
    let mut set = parents();
    set.school_name = "Little Marsh Primary School".to_owned();
    set.id = "little-marsh-parents-2025-26-03dd".to_owned();
    set.period = "2025-26".to_owned();
    set.tables.clear();
    set
}

/// Each other way in which a figure can be shown.
pub(crate) fn corners() -> SealedSet {
    let mut set = governors();
    set.tables.truncate(1);
    if let Some(table) = set.tables.first_mut() {
        table.id = "T1".to_owned();
        table.rows = vec![
            row("Everybody", "content", Shown::AllOrNearly),
            row("A school too small", "content", Shown::NotBrokenDown),
            row("Logs incomplete", "conduct", Shown::NotAvailable),
            row("At the very end", "commerce", Shown::Band { from: 995, to: 999 }),
        ];
    }
    set
}

/// The four Cs beside each other.
pub(crate) fn four_c() -> Table {
    let mut rows = Vec::new();
    for (position, week) in ["2025-09-01", "2025-09-08", "2025-09-15", "2025-09-22"].iter().enumerate() {
        let step = position as f64;
        for (name, rate) in [
            ("content", 14.0 + step),
            ("contact", 22.0 - 2.0 * step),
            ("conduct", 9.0 + 0.5 * step),
            ("commerce", 5.0),
        ] {
            rows.push(vec![Cell::Text((*week).to_owned()), Cell::Text(name.to_owned()), Cell::Real(rate)]);
        }
    }
    table(
        "watershed.trend/1",
        "Each week by the four Cs",
        "actor-days",
        vec![
            column("week_start_date", "School week beginning", "", ColumnRole::Dimension),
            column("four_c", "Four Cs", "", ColumnRole::Dimension),
            column("rate_per_1000", "Rate", "actor-days per 1,000 active actor-days", ColumnRole::Measure),
        ],
        rows,
    )
}

/// Weekdays and lessons of two groups.
pub(crate) fn lessons() -> Table {
    let mut rows = Vec::new();
    for (position, group) in ["Year 8", "Year 9"].iter().enumerate() {
        for (day, weekday) in ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"].iter().enumerate() {
            for lesson in 1..=5 {
                let count = (position * 7 + day * 3 + lesson * lesson) % 17;
                rows.push(vec![
                    Cell::Text((*group).to_owned()),
                    Cell::Text((*weekday).to_owned()),
                    Cell::Text(format!("Period {lesson}")),
                    Cell::Integer(count as i64),
                ]);
            }
        }
    }
    table(
        "watershed.groups.lessons/1",
        "Groups by day of the week and lesson",
        "episodes",
        vec![
            column("group_id", "Group", "", ColumnRole::Dimension),
            column("weekday", "Day of the week", "", ColumnRole::Dimension),
            column("lesson_period", "Lesson", "", ColumnRole::Dimension),
            column("episodes", "Episodes", "episodes", ColumnRole::Measure),
        ],
        rows,
    )
}

/// School days with their records, one night missing.
pub(crate) fn days() -> Table {
    let records = [4120, 4388, 4011, 3987, 2904, 4201, 4299, 0, 4102, 3010];
    let days = [1, 2, 3, 4, 5, 8, 9, 10, 11, 12];
    table(
        "watershed.coverage.days/1",
        "Each school day",
        "records",
        vec![
            column("local_date", "School day", "", ColumnRole::Dimension),
            column("records", "Records", "records", ColumnRole::Measure),
        ],
        days.iter()
            .zip(records)
            .map(|(day, count)| {
                let count = if count == 0 { Cell::Missing } else { Cell::Integer(count) };
                vec![Cell::Text(format!("2025-09-{day:02}")), count]
            })
            .collect(),
    )
}

/// What could not be seen.
pub(crate) fn coverage() -> Table {
    let row = |measure: &str, count: i64, of: i64| {
        vec![
            Cell::Text(measure.to_owned()),
            Cell::Integer(count),
            Cell::Integer(of),
            Cell::Real(count as f64 / of as f64),
        ]
    };
    table(
        "watershed.coverage/1",
        "What could not be seen",
        "records",
        vec![
            column("measure", "Measure", "", ColumnRole::Dimension),
            column("count", "Count", "records or days", ColumnRole::Measure),
            column("out_of", "Out of", "records or days", ColumnRole::Measure),
            column("share", "Share", "0 to 1", ColumnRole::Measure),
        ],
        vec![row("School days missing", 1, 74), row("Records tied to a person", 231_400, 250_112)],
    )
}
