//! The service: live pages for staff, sealed sets for governors and for everybody.

pub(crate) mod access_log;
pub mod accounts;
pub mod duties;
mod failure;
mod gate;
mod headers;
mod pages;
mod routes;
mod sealed;
mod sessions;
mod sign_in;
mod source;
mod staff;
pub mod standing;

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use ingest::school::{Config, SchoolId};
use query::{Error, Kind};

use accounts::Accounts;
use sign_in::Brakes;
use source::{Installation, Source};

/// Port if none is named.
pub const USUAL_PORT: u16 = 8377;

/// Certificate chain and key, both PEM.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Certificate chain.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// Where and for whom to serve.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The installation's folder.
    pub dir: PathBuf,
    /// Schools to serve; all of the installation if empty.
    pub schools: Vec<SchoolId>,
    /// Address to listen on; any but loopback needs `tls`.
    pub address: SocketAddr,
    /// Certificate and key.
    pub tls: Option<Tls>,
}

impl ServeOptions {
    /// All schools of the installation on loopback.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), USUAL_PORT);
        Self { dir, schools: Vec::new(), address, tls: None }
    }
}

/// A school as the service knows it.
#[derive(Clone, Debug)]
pub(crate) struct ServedSchool {
    pub(crate) id: SchoolId,
    pub(crate) name: String,
}

/// What all handlers share.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

struct Shared {
    schools: Vec<ServedSchool>,
    accounts: HashMap<String, Mutex<Accounts>>,
    source: Box<dyn Source>,
    brakes: Brakes,
    encrypted: bool,
}

impl App {
    fn new(
        schools: Vec<ServedSchool>,
        accounts: HashMap<String, Accounts>,
        source: Box<dyn Source>,
        encrypted: bool,
    ) -> Result<Self, Error> {
        let accounts = accounts.into_iter().map(|(school, known)| (school, Mutex::new(known))).collect();
        Ok(Self(Arc::new(Shared { schools, accounts, source, brakes: Brakes::new()?, encrypted })))
    }

    fn schools(&self) -> &[ServedSchool] {
        &self.0.schools
    }

    fn school(&self, id: &str) -> Option<&ServedSchool> {
        self.0.schools.iter().find(|school| school.id.as_str() == id)
    }

    fn source(&self) -> &dyn Source {
        &*self.0.source
    }

    fn brakes(&self) -> &Brakes {
        &self.0.brakes
    }

    fn encrypted(&self) -> bool {
        self.0.encrypted
    }

    /// As [`with_accounts`](Self::with_accounts), where waiting for the disk holds up no other page.
    async fn with_accounts_apart<T: Send + 'static>(
        &self,
        school: &str,
        work: impl FnOnce(&mut Accounts) -> T + Send + 'static,
    ) -> Option<T> {
        let (app, school) = (self.clone(), school.to_owned());
        apart(move || app.with_accounts(&school, work)).await
    }

    /// Works on a school's accounts, one at a time; none where there is no such school.
    fn with_accounts<T>(&self, school: &str, work: impl FnOnce(&mut Accounts) -> T) -> Option<T> {
        let accounts = self.0.accounts.get(school)?;
        Some(work(&mut accounts.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Does what waits for a disk or takes a processor where it holds up no other page.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only when the whole service ends: nobody waits for the answer any more.
            Err(_) => std::future::pending().await,
        },
    }
}

/// The service, listening, not yet answering.
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    app: App,
    tls: Option<RustlsConfig>,
}

impl fmt::Debug for Bound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Bound({})", self.url())
    }
}

impl Bound {
    /// Where it listens; with the port that it was given if 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to type into a browser.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http{}://{}/", if self.tls.is_some() { "s" } else { "" }, self.address)
    }

    /// Answers until the process is told to end.
    ///
    /// # Errors
    /// [`Kind::Environment`] when the listener fails.
    pub async fn run(self) -> Result<(), Error> {
        let handle = Handle::new();
        let ender = handle.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                ender.graceful_shutdown(Some(Duration::from_secs(5)));
            }
        });
        let service = routes::all(&self.app).into_make_service_with_connect_info::<SocketAddr>();
        let served = match self.tls {
            Some(tls) => match axum_server::from_tcp_rustls(self.listener, tls) {
                Ok(server) => server.handle(handle).serve(service).await,
                Err(error) => Err(error),
            },
            None => match axum_server::from_tcp(self.listener) {
                Ok(server) => server.handle(handle).serve(service).await,
                Err(error) => Err(error),
            },
        };
        served
            .map_err(|error| Error::new(Kind::Environment, format!("the service stopped: {}", error.kind())))
    }
}

/// Opens the schools and listens.
///
/// # Errors
/// [`Kind::Configuration`] for an address that is not loopback without TLS, an unknown school, a bad
/// certificate; [`Kind::Environment`] when the address is taken.
pub async fn bind(options: ServeOptions) -> Result<Bound, Error> {
    refuse_in_clear(&options)?;
    let config = Config::load(&options.dir)?;
    let mut schools = Vec::new();
    let mut accounts = HashMap::new();
    let wanted = |id: &SchoolId| options.schools.is_empty() || options.schools.contains(id);
    for id in &options.schools {
        config.school(id)?;
    }
    for school in config.schools.iter().filter(|school| wanted(&school.id)) {
        accounts.insert(school.id.to_string(), Accounts::open(&options.dir, &school.id)?);
        schools.push(ServedSchool { id: school.id.clone(), name: school.name.clone() });
    }
    if schools.is_empty() {
        return Err(Error::new(Kind::Configuration, "there is no school to serve")
            .help("run `watershed init` first, or name the installation's folder with `--dir`"));
    }
    let tls = match &options.tls {
        Some(tls) => Some(encryption(tls).await?),
        None => None,
    };
    let taken = |error: std::io::Error| {
        Error::new(Kind::Environment, format!("cannot listen on {}: {}", options.address, error.kind()))
            .help("choose another address or port with `--listen`")
    };
    let listener = TcpListener::bind(options.address).map_err(taken)?;
    listener.set_nonblocking(true).map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    for known in accounts.values_mut() {
        standing::note(known, address.ip().is_loopback(), tls.is_some())?;
    }
    let source = Box::new(Installation { dir: options.dir.clone() });
    let app = App::new(schools, accounts, source, tls.is_some())?;
    Ok(Bound { listener, address, app, tls })
}

/// Listens and answers; [`bind`] and [`Bound::run`] in one.
///
/// # Errors
/// As those two.
pub async fn serve(options: ServeOptions) -> Result<(), Error> {
    Box::pin(bind(options)).await?.run().await
}

/// Pupils' data never crosses a network in clear.
fn refuse_in_clear(options: &ServeOptions) -> Result<(), Error> {
    if options.tls.is_some() || options.address.ip().is_loopback() {
        return Ok(());
    }
    Err(Error::new(
        Kind::Configuration,
        format!("{} is not a loopback address, and there is no certificate", options.address),
    )
    .help("give `--tls-certificate` and `--tls-key`, or listen on 127.0.0.1"))
}

async fn encryption(tls: &Tls) -> Result<RustlsConfig, Error> {
    // Fails when the process has one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    RustlsConfig::from_pem_file(&tls.certificate, &tls.key).await.map_err(|error| {
        Error::new(
            Kind::Configuration,
            format!("the certificate or its key cannot be used: {}", error.kind()),
        )
        .help("both must be PEM files, the certificate's chain first")
    })
}

#[cfg(test)]
mod tests;
