//! The service from outside: requests in, answers out, figures made by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use ingest::school::SchoolRoot;
use query::disclosure::ledger::{Approval, Entry, Withdrawal};
use query::disclosure::sealed::SealedSet;
use query::{Governors, Public, Staff, Table};
use tower::ServiceExt;

use super::accounts::Role;
use super::source::{Cleared, Question};
use super::*;
use crate::chart::examples;

const PASSWORD: &str = "tulip anchor seven";

/// Figures made by hand; `theme` "broken" fails, "panics" panics.
struct Made;

fn entry(set: &SealedSet, withdrawn: Option<Withdrawal>) -> Entry {
    Entry {
        id: set.id.clone(),
        school: set.school.clone(),
        audience: set.audience.clone(),
        period: set.period.clone(),
        sealed_on: set.sealed_on.clone(),
        approved: Some(Approval {
            schema: "watershed.approval/1".to_owned(),
            id: set.id.clone(),
            approved_on: set.sealed_on.clone(),
            approver: "headteacher".to_owned(),
            sealed_sha256: String::new(),
        }),
        policy_version: set.policy.version.clone(),
        withdrawn,
    }
}

#[async_trait::async_trait]
impl Source for Made {
    async fn live(&self, _: &SchoolId, question: &Question) -> Result<Cleared<Table, Staff>, Error> {
        match question.theme.as_deref() {
            Some("broken") => {
                return Err(Error::new(Kind::Corrupt, "table requests in /srv/secret does not verify"));
            }
            Some("panics") => panic!("a pupil's name"),
            Some("unknown") => {
                let help = "the themes are: SELFHARM";
                return Err(Error::new(Kind::Configuration, "there is no such theme").help(help));
            }
            _ => {}
        }
        let table = match (question.metric, question.table, question.by) {
            ("attention", Some("staff"), _) => Table { rows: Vec::new(), ..examples::attention() },
            ("attention", ..) => examples::attention(),
            ("trend", _, Some("4c")) => examples::four_c(),
            ("trend", _, Some(_)) => examples::themes(),
            ("trend", ..) => examples::trend(),
            ("groups", Some("lessons"), _) => examples::lessons(),
            ("groups", ..) => examples::groups(),
            ("coverage", Some("days"), _) => examples::days(),
            _ => examples::coverage(),
        };
        Ok(Cleared::Made(table))
    }

    fn entries(&self, _: &SchoolId) -> Result<Vec<Entry>, Error> {
        let gone = Withdrawal {
            schema: "watershed.withdrawal/1".to_owned(),
            id: "gone".to_owned(),
            withdrawn_on: "2026-02-01".to_owned(),
            approver: "data protection officer".to_owned(),
            statement: "The roll was wrong.".to_owned(),
        };
        let withdrawn = SealedSet { id: "gone".to_owned(), ..examples::parents() };
        Ok(vec![
            entry(&examples::governors(), None),
            entry(&withdrawn, Some(gone)),
            entry(&examples::parents(), None),
            Entry { approved: None, ..entry(&waiting("waiting-governors", examples::governors()), None) },
            Entry { approved: None, ..entry(&waiting("waiting-parents", examples::parents()), None) },
        ])
    }

    fn governors(&self, _: &SchoolId, _: &str) -> Result<Cleared<SealedSet, Governors>, Error> {
        Ok(Cleared::Made(examples::governors()))
    }

    fn parents(&self, _: &SchoolId, _: &str) -> Result<Cleared<SealedSet, Public>, Error> {
        Ok(Cleared::Made(examples::parents()))
    }

    fn audit(&self, _: &SchoolId) -> Result<query::audit::Statement, Error> {
        Ok(query::audit::Statement { head: "ab".repeat(32), reviewed: None })
    }
}

fn waiting(id: &str, set: SealedSet) -> SealedSet {
    SealedSet { id: id.to_owned(), ..set }
}

struct Site {
    _dir: tempfile::TempDir,
    app: App,
    router: Router,
}

fn site() -> Site {
    let dir = tempfile::tempdir().unwrap();
    let id = SchoolId::parse("northbrook").unwrap();
    std::fs::create_dir_all(SchoolRoot::new(dir.path(), &id).root()).unwrap();
    let mut accounts = Accounts::open(dir.path(), &id).unwrap();
    for role in Role::ALL {
        accounts.add(&format!("{}-one", role.word()), role, PASSWORD).unwrap();
    }
    let schools = vec![ServedSchool { id, name: "Northbrook Community School".to_owned() }];
    let accounts = HashMap::from([("northbrook".to_owned(), accounts)]);
    let app = App::new(schools, accounts, Box::new(Made), false).unwrap();
    let router = routes::all(&app);
    Site { _dir: dir, app, router }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Site {
    async fn send(&self, mut request: Request<Body>) -> Answer {
        let address: SocketAddr = "127.0.0.1:50000".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(address));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap();
        self.send(request).await
    }

    async fn try_to_sign_in(&self, name: &str, password: &str, cookie: &str) -> Answer {
        let form = format!("school=northbrook&name={name}&password={}", password.replace(' ', "+"));
        let request = Request::post("/sign-in")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::HOST, "127.0.0.1:8377")
            .header(header::ORIGIN, "http://127.0.0.1:8377")
            .header(header::COOKIE, cookie)
            .body(Body::from(form))
            .unwrap();
        self.send(request).await
    }

    /// Signs in and gives back the cookie.
    async fn cookie(&self, role: Role) -> String {
        let answer = self.try_to_sign_in(&format!("{}-one", role.word()), PASSWORD, "").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        answer.header("set-cookie").split(';').next().unwrap().to_owned()
    }
}

const GOVERNING: &[Role] = &[Role::Dsl, Role::Head, Role::Slt, Role::Governor, Role::Chair];

const WITH_ACCOUNT: [(&str, &[Role]); 10] = [
    ("/staff/attention", &[Role::Dsl]),
    ("/staff/listed", &[Role::Dsl, Role::Head]),
    ("/staff/concerns", &[Role::Dsl, Role::Head, Role::Chair, Role::Authority]),
    ("/staff/trend", &[Role::Dsl, Role::Head, Role::Slt]),
    ("/staff/groups", &[Role::Dsl, Role::Head, Role::Slt]),
    ("/staff/coverage", &[Role::Dsl, Role::Head, Role::Slt, Role::It]),
    ("/governors", GOVERNING),
    ("/governors/northbrook-governors-2025-autumn-7c1e", GOVERNING),
    ("/governors/northbrook-governors-2025-autumn-7c1e/chart.svg", GOVERNING),
    ("/governors/northbrook-governors-2025-autumn-7c1e/chart.png", GOVERNING),
];

const PUBLIC: &str = "/public/northbrook/northbrook-parents-2025-autumn-19ab";

#[tokio::test]
async fn nobody_passes_without_an_account_but_to_public_pages() {
    let site = site();
    for (path, _) in WITH_ACCOUNT {
        for cookie in ["", "watershed=AAAAAAAAAAAAAAAAAAAAAA"] {
            let answer = site.get(path, cookie).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
            assert_eq!(answer.header("location"), "/sign-in");
            assert!(answer.body.is_empty());
        }
    }
    for file in ["index.html", "fragment.html", "chart.svg", "chart.png", "chart.svg?width=320"] {
        assert_eq!(site.get(&format!("{PUBLIC}/{file}"), "").await.status, StatusCode::OK, "{file}");
    }
    for path in ["/", "/healthz", "/sign-in", "/static/style.css"] {
        assert_eq!(site.get(path, "").await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn each_role_passes_where_the_table_of_routes_says() {
    let site = site();
    for role in Role::ALL {
        let cookie = site.cookie(role).await;
        for (path, roles) in WITH_ACCOUNT {
            let answer = site.get(path, &cookie).await;
            let expected = if roles.contains(&role) { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(answer.status, expected, "{path} as {}", role.word());
        }
    }
}

#[tokio::test]
async fn the_papers_list_of_pages_is_what_the_service_does() {
    let site = site();
    let routes = include_str!("routes.rs");
    for part in routes.split(".route(\"").skip(1) {
        let (route, rest) = part.split_once('"').unwrap();
        let gated = rest.lines().next().unwrap_or_default().contains("only(");
        assert_eq!(gated, duties::PAGES.iter().any(|page| page.route == route), "{route}");
    }
    for role in Role::ALL {
        let cookie = site.cookie(role).await;
        for page in duties::PAGES {
            let set = examples::governors().id;
            let path = page.route.replace("{id}", &set).replace("{file}", "chart.svg");
            let passes = site.get(&path, &cookie).await.status != StatusCode::FORBIDDEN;
            assert_eq!(passes, page.roles.contains(&role), "{path} as {}: mend `duties`", role.word());
        }
    }
}

#[test]
fn how_the_service_listened_is_noted() {
    let dir = tempfile::tempdir().unwrap();
    let id = SchoolId::parse("northbrook").unwrap();
    std::fs::create_dir_all(SchoolRoot::new(dir.path(), &id).root()).unwrap();
    let mut accounts = Accounts::open(dir.path(), &id).unwrap();
    assert_eq!(standing::last(&mut accounts).unwrap(), None);
    standing::note(&mut accounts, false, true).unwrap();
    standing::note(&mut accounts, true, false).unwrap();
    let last = standing::last(&mut accounts).unwrap().unwrap();
    assert_eq!((last.loopback, last.encrypted), (true, false));
}

#[tokio::test]
async fn what_is_not_on_the_list_is_not_found() {
    let site = site();
    let cookie = site.cookie(Role::Dsl).await;
    for path in [
        "/staff",
        "/staff/sql",
        "/admin",
        "/static/../state.db",
        "/public",
        "/public/northbrook/northbrook-governors-2025-autumn-7c1e/index.html",
        "/public/elsewhere/northbrook-parents-2025-autumn-19ab/index.html",
        "/public/northbrook/northbrook-parents-2025-autumn-19ab/rows.csv",
        "/governors/northbrook-parents-2025-autumn-19ab",
        "/governors/none",
    ] {
        assert_eq!(site.get(path, &cookie).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_release_that_nobody_has_approved_is_not_there() {
    let site = site();
    let cookie = site.cookie(Role::Governor).await;
    for (path, cookie) in [
        ("/governors/waiting-governors", cookie.as_str()),
        ("/governors/waiting-governors/chart.svg", &cookie),
        ("/public/northbrook/waiting-parents/index.html", ""),
        ("/public/northbrook/waiting-parents/fragment.html", ""),
        ("/public/northbrook/waiting-parents/chart.png", ""),
    ] {
        assert_eq!(site.get(path, cookie).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let lists = [site.get("/governors", &cookie).await, site.get("/", "").await];
    for list in lists {
        assert!(!String::from_utf8(list.body).unwrap().contains("waiting"));
    }
}

#[tokio::test]
async fn a_withdrawn_release_is_gone_and_says_why() {
    let site = site();
    let answer = site.get("/public/northbrook/gone/index.html", "").await;
    assert_eq!(answer.status, StatusCode::GONE);
    assert!(answer.text().contains("1 February 2026") && answer.text().contains("The roll was wrong."));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!site.get("/", "").await.text().contains("/gone/"));
}

#[tokio::test]
async fn wrong_name_and_wrong_password_look_the_same() {
    let site = site();
    let wrong = site.try_to_sign_in("dsl-one", "not the password", "").await;
    let unknown = site.try_to_sign_in("nobody", "not the password", "").await;
    assert_eq!((wrong.status, unknown.status), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    assert_eq!(wrong.text().replace("dsl-one", "nobody"), unknown.text());
    assert!(wrong.header("set-cookie").is_empty());
    for html in [wrong.text(), unknown.text()] {
        assert!(html.contains("Account name or password is wrong."));
        assert!(!html.contains("not the password"));
    }
}

#[tokio::test]
async fn guessing_is_held_back() {
    let site = site();
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(site.try_to_sign_in("slt-one", "guess guess guess", "").await.status);
    }
    assert_eq!(statuses[4], StatusCode::UNAUTHORIZED);
    assert_eq!(statuses[5], StatusCode::TOO_MANY_REQUESTS);
    // The right password does not help before the minute is over, another account is not held back.
    let held = site.try_to_sign_in("slt-one", PASSWORD, "").await;
    assert_eq!((held.status, held.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "60"));
    assert_eq!(site.try_to_sign_in("dsl-one", PASSWORD, "").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_cookie_is_for_this_site_alone_and_new_at_each_sign_in() {
    let site = site();
    let first = site.try_to_sign_in("dsl-one", PASSWORD, "").await;
    let cookie = first.header("set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let planted = cookie.split(';').next().unwrap();
    let second = site.try_to_sign_in("slt-one", PASSWORD, planted).await;
    let fresh = second.header("set-cookie").split(';').next().unwrap().to_owned();
    assert!(!fresh.is_empty());
    assert_ne!(planted, fresh);
    assert_eq!(site.get("/staff/trend", planted).await.status, StatusCode::SEE_OTHER);
    assert_eq!(site.get("/staff/trend", &fresh).await.status, StatusCode::OK);
}

#[tokio::test]
async fn signing_out_disabling_and_resetting_end_the_session() {
    let site = site();
    let cookie = site.cookie(Role::Slt).await;
    let request = Request::post("/sign-out").header(header::COOKIE, &cookie).body(Body::empty()).unwrap();
    assert_eq!(site.send(request).await.status, StatusCode::SEE_OTHER);
    assert_eq!(site.get("/staff/trend", &cookie).await.status, StatusCode::SEE_OTHER);

    let cookie = site.cookie(Role::Governor).await;
    site.app.with_accounts("northbrook", |accounts| accounts.disable("governor-one")).unwrap().unwrap();
    assert_eq!(site.get("/governors", &cookie).await.status, StatusCode::SEE_OTHER);
    assert_eq!(site.try_to_sign_in("governor-one", PASSWORD, "").await.status, StatusCode::UNAUTHORIZED);

    let cookie = site.cookie(Role::Dsl).await;
    let reset = |accounts: &mut Accounts| accounts.reset("dsl-one", "another long phrase");
    site.app.with_accounts("northbrook", reset).unwrap().unwrap();
    assert_eq!(site.get("/staff/trend", &cookie).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn other_sites_cannot_act_for_somebody() {
    let site = site();
    let cookie = site.cookie(Role::Dsl).await;
    let request = Request::post("/sign-out")
        .header(header::COOKIE, &cookie)
        .header(header::HOST, "127.0.0.1:8377")
        .header(header::ORIGIN, "https://elsewhere.example")
        .header("sec-fetch-site", "cross-site")
        .body(Body::empty())
        .unwrap();
    assert_eq!(site.send(request).await.status, StatusCode::FORBIDDEN);
    assert_eq!(site.get("/staff/trend", &cookie).await.status, StatusCode::OK);
}

#[tokio::test]
async fn live_pages_say_what_they_are_and_each_look_is_kept() {
    let site = site();
    let cookie = site.cookie(Role::Dsl).await;
    for path in ["/staff/attention", "/staff/trend?theme=AI+tools", "/staff/groups", "/staff/coverage"] {
        let answer = site.get(path, &cookie).await;
        assert!(answer.text().contains("Personal data, not anonymised."), "{path}");
        assert!(!answer.text().contains("Anonymised figures"), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let views = site.app.with_accounts("northbrook", access_log::views).unwrap().unwrap();
    let pages: Vec<&str> = views.iter().map(|view| view.page.as_str()).collect();
    assert_eq!(pages, ["/staff/attention", "/staff/trend", "/staff/groups", "/staff/coverage"]);
    assert!(views.iter().all(|view| (view.account.as_str(), view.role.as_str()) == ("dsl-one", "dsl")));
    assert_eq!(views.iter().map(|view| view.sequence).collect::<Vec<_>>(), [1, 2, 3, 4]);
    // A young one can be neither changed nor deleted.
    for statement in ["DELETE FROM reports_page_views", "UPDATE reports_page_views SET account = 'x'"] {
        let refused = site.app.with_accounts("northbrook", |accounts| {
            accounts.state().connection().execute_batch(statement).is_err()
        });
        assert!(refused.unwrap(), "{statement}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_of_its_audience() {
    let site = site();
    let cookie = site.cookie(Role::Dsl).await;
    for path in ["/", "/sign-in", "/staff/trend", "/governors", "/nothing", "/static/style.css"] {
        let answer = site.get(path, &cookie).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe"), "{policy}");
    }
    for file in ["index.html", "fragment.html"] {
        let answer = site.get(&format!("{PUBLIC}/{file}"), "").await;
        assert!(answer.header("content-security-policy").contains("frame-ancestors *"));
        assert!(!answer.header("content-security-policy").contains("unsafe"));
        assert!(answer.header("x-frame-options").is_empty());
        assert!(answer.header("cache-control").contains("immutable"));
    }
    let answer = site.get(&format!("{PUBLIC}/chart.svg"), "").await;
    assert_eq!(answer.header("content-type"), "image/svg+xml");
    assert!(answer.header("set-cookie").is_empty());
}

#[tokio::test]
async fn a_failure_shows_a_number_and_nothing_from_inside() {
    let site = site();
    let cookie = site.cookie(Role::Dsl).await;
    for (theme, inside) in [("broken", "secret"), ("panics", "pupil's name")] {
        let answer = site.get(&format!("/staff/trend?theme={theme}"), &cookie).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!answer.text().contains(inside));
        let number = answer.text().split("this number: ").nth(1).unwrap()[..8].to_owned();
        assert!(number.chars().all(|c| c.is_ascii_hexdigit()), "{number}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn a_slip_is_told_in_words() {
    let site = site();
    let cookie = site.cookie(Role::Dsl).await;
    let long = format!("group={}", "x".repeat(81));
    for (query, says) in [
        ("theme=unknown", "There is no such theme; the themes are: SELFHARM."),
        ("from=yesterday", "A day is written as 2025-09-01."),
        ("to=2025-13-01", "A day is written as 2025-09-01."),
        (long.as_str(), "There is no such group; choose one from the list."),
    ] {
        let answer = site.get(&format!("/staff/trend?{query}"), &cookie).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.text().contains(says), "{}", answer.text());
        assert!(!answer.text().contains("yesterday") && !answer.text().contains("xxx"), "{query}");
    }
}

#[tokio::test]
async fn reading_keeps_a_session_awake() {
    let site = site();
    let cookie = site.cookie(Role::Dsl).await;
    let answer = site.get("/staff/trend", &cookie).await;
    let (name, rest) = answer.header("set-cookie").split_once(';').unwrap();
    assert_eq!(name, cookie, "the same session");
    assert!(rest.contains("Max-Age=1800"), "{rest}");
    // Who is not signed in is given no session.
    assert!(site.get("/", "").await.header("set-cookie").is_empty());
}

#[tokio::test]
async fn too_large_a_form_is_refused() {
    let site = site();
    let request = Request::post("/sign-in")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("name=a&password={}", "x".repeat(20_000))))
        .unwrap();
    assert_eq!(site.send(request).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn pages_are_whole_without_script_and_for_everybody() {
    let site = site();
    let cookie = site.cookie(Role::Dsl).await;
    let mut pages =
        vec!["/".to_owned(), "/sign-in".to_owned(), format!("{PUBLIC}/index.html"), "/nothing".to_owned()];
    pages.extend(
        WITH_ACCOUNT.iter().map(|(path, _)| (*path).to_owned()).filter(|path| !path.contains("chart")),
    );
    for path in pages {
        let html = site.get(&path, &cookie).await.text();
        assert_eq!(html.matches("<h1").count(), 1, "{path}");
        assert!(html.contains("<html lang=\"en-GB\">"), "{path}");
        assert!(html.contains("<main") && html.contains("name=\"viewport\""), "{path}");
        for forbidden in ["<script", " onclick", "javascript:", " style=\"", "<style"] {
            assert!(!html.contains(forbidden), "{path}: {forbidden}");
        }
        // Every field that can be seen has a label, every picture words.
        for part in
            html.split("<input").chain(html.split("<select")).skip(1).filter(|part| part.contains("id=\""))
        {
            let tag = &part[..part.find('>').unwrap()];
            if let Some(id) = tag.split(" id=\"").nth(1).and_then(|rest| rest.split('"').next()) {
                assert!(html.contains(&format!("for=\"{id}\"")), "{path}: {id}");
            }
        }
        assert_eq!(html.matches("<svg").count(), html.matches("role=\"img\"").count(), "{path}");
        assert_eq!(html.matches("<img").count(), html.matches(" alt=\"").count(), "{path}");
        let mut ids: Vec<&str> =
            html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "{path} repeats an id");
    }
}

#[test]
fn only_loopback_goes_without_encryption() {
    let at = |address: &str| ServeOptions {
        address: address.parse().unwrap(),
        ..ServeOptions::new(PathBuf::new())
    };
    for near in ["127.0.0.1:0", "127.8.8.8:80", "[::1]:0"] {
        assert!(refuse_in_clear(&at(near)).is_ok(), "{near}");
    }
    for far in ["0.0.0.0:0", "[::]:0", "192.168.1.4:8377", "[::ffff:10.0.0.1]:80"] {
        let refused = refuse_in_clear(&at(far)).unwrap_err();
        assert_eq!(refused.kind(), Kind::Configuration, "{far}");
        assert!(refused.to_string().contains("--tls-certificate"));
    }
    let tls = Tls { certificate: PathBuf::from("c.pem"), key: PathBuf::from("k.pem") };
    assert!(refuse_in_clear(&ServeOptions { tls: Some(tls), ..at("0.0.0.0:0") }).is_ok());
}

/// Serves the made figures for somebody who wants to look at the pages.
#[tokio::test]
async fn pages_to_look_at() {
    let Ok(seconds) = std::env::var("WATERSHED_LOOK_SECONDS") else { return };
    let site = site();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8378").await.unwrap();
    let service = site.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move { axum::serve(listener, service).await });
    tokio::time::sleep(Duration::from_secs(seconds.parse().unwrap())).await;
    serving.abort();
}
