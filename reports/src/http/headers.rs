//! What every answer says to browsers and caches.

use std::sync::LazyLock;

use axum::extract::Request;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::document;

const STRICT: &str = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";
const MAY_BE_FRAMED: &str = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; \
                             form-action 'none'; base-uri 'none'; frame-ancestors *";

/// The fragment carries its own style, known by its hash.
static FRAGMENT: LazyLock<String> = LazyLock::new(|| {
    let hash = ring::digest::digest(&ring::digest::SHA256, document::FRAGMENT_STYLE.as_bytes());
    format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'none'; base-uri 'none'; frame-ancestors *",
        base64(hash.as_ref())
    )
});

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut written = String::new();
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().enumerate().fold(0u32, |sum, (at, byte)| sum | u32::from(*byte) << (16 - 8 * at));
        for position in 0..4 {
            let letter = LETTERS.get((group >> (18 - 6 * position) & 63) as usize);
            match letter.filter(|_| position <= chunk.len()) {
                Some(letter) => written.push(char::from(*letter)),
                None => written.push('='),
            }
        }
    }
    written
}

/// Sets the headers that belong to the path; one place for all answers, failures too.
pub(super) async fn set(encrypted: bool, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let sound = response.status().is_success();
    let headers = response.headers_mut();
    let public = path.starts_with("/public/");
    let framed = public && sound && path.ends_with(".html");
    let policy = match framed {
        true if path.ends_with("fragment.html") => FRAGMENT.as_str(),
        true => MAY_BE_FRAMED,
        false => STRICT,
    };
    put(headers, header::CONTENT_SECURITY_POLICY, policy);
    if !framed {
        put(headers, header::X_FRAME_OPTIONS, "DENY");
    }
    put(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(headers, header::REFERRER_POLICY, "no-referrer");
    let sharing = if public { "cross-origin" } else { "same-origin" };
    put(headers, HeaderName::from_static("cross-origin-resource-policy"), sharing);
    put(headers, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    put(headers, HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()");
    if encrypted {
        put(headers, header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    let caching = match () {
        // A sealed release never changes, but it can be withdrawn: a day, not a year.
        () if public && sound => "public, max-age=86400, immutable",
        () if path.starts_with("/static/") && sound => "public, max-age=3600",
        () => "no-store",
    };
    put(headers, header::CACHE_CONTROL, caching);
    response
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
