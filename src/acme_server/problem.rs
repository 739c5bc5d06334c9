//! Problem documents (RFC 7807) with the types of RFC 8555 section 6.7 and RFC 9773 section 7.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::identifier::Identifier;

/// The algorithms that requests may be signed with.
pub(super) const ALGORITHMS: [&str; 5] = ["ES256", "ES384", "ES512", "EdDSA", "RS256"];

/// What a client may not do, or what failed, in words.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    pub class: ProblemType,
    pub detail: String,
    /// The name that it is about, in a subproblem (RFC 8555 section 6.7.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Identifier>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subproblems: Vec<Self>,
    /// Seconds after which the request may be sent again.
    #[serde(skip)]
    pub(super) retry_after: Option<u64>,
    /// The status, where it is not the usual one of the type.
    #[serde(skip)]
    pub(super) status: Option<u16>,
    /// The methods of a resource that was asked by another one.
    #[serde(skip)]
    pub(super) allow: Option<&'static str>,
}

macro_rules! problem_types {
    ($($variant:ident = $name:literal $status:literal,)*) => {
        #[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
        pub enum ProblemType {
            $(#[serde(rename = $name)] $variant,)*
        }

        impl ProblemType {
            /// Its last part, after `urn:ietf:params:acme:error:`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }
        }
    };
}

problem_types! {
    AccountDoesNotExist = "accountDoesNotExist" 400,
    AlreadyReplaced = "alreadyReplaced" 409,
    AlreadyRevoked = "alreadyRevoked" 400,
    BadCsr = "badCSR" 400,
    BadNonce = "badNonce" 400,
    BadPublicKey = "badPublicKey" 400,
    BadRevocationReason = "badRevocationReason" 400,
    BadSignatureAlgorithm = "badSignatureAlgorithm" 400,
    Connection = "connection" 400,
    Dns = "dns" 400,
    ExternalAccountRequired = "externalAccountRequired" 401,
    IncorrectResponse = "incorrectResponse" 403,
    InvalidContact = "invalidContact" 400,
    Malformed = "malformed" 400,
    OrderNotReady = "orderNotReady" 403,
    RateLimited = "rateLimited" 429,
    RejectedIdentifier = "rejectedIdentifier" 400,
    ServerInternal = "serverInternal" 500,
    Tls = "tls" 400,
    Unauthorized = "unauthorized" 403,
    UnsupportedContact = "unsupportedContact" 400,
    UnsupportedIdentifier = "unsupportedIdentifier" 400,
}

impl Problem {
    pub fn new(class: ProblemType, detail: impl Into<String>) -> Self {
        Self {
            class,
            detail: detail.into(),
            identifier: None,
            subproblems: Vec::new(),
            retry_after: None,
            status: None,
            allow: None,
        }
    }

    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(ProblemType::Malformed, detail)
    }

    pub(super) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(ProblemType::Unauthorized, detail)
    }

    pub(super) fn not_found() -> Self {
        Self::malformed("there is nothing at this URL").with_status(404)
    }

    #[must_use]
    pub(super) fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    #[must_use]
    pub(super) fn allowing(mut self, methods: &'static str) -> Self {
        self.allow = Some(methods);
        self.with_status(405)
    }

    #[must_use]
    pub(super) fn about(mut self, identifier: &Identifier) -> Self {
        self.identifier = Some(identifier.clone());
        self
    }

    #[must_use]
    pub(super) fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// One problem for the problems of several names: theirs where it is one.
    pub(super) fn of_names(mut problems: Vec<Self>) -> Option<Self> {
        match problems.len() {
            0 | 1 => problems.pop(),
            _ => {
                let first = problems.first()?;
                let mut whole = Self::new(first.class, "some of the names are refused");
                whole.subproblems = problems;
                Some(whole)
            }
        }
    }

    /// The status of the response.
    pub fn status(&self) -> u16 {
        self.status.unwrap_or_else(|| self.class.status())
    }

    pub(super) fn to_json(&self) -> Value {
        let mut json = json!({
            "type": format!("urn:ietf:params:acme:error:{}", self.class.as_str()),
            "detail": self.detail,
            "status": self.status(),
        });
        if let Some(identifier) = &self.identifier {
            json["identifier"] = identifier.to_json();
        }
        if !self.subproblems.is_empty() {
            json["subproblems"] = self.subproblems.iter().map(Self::to_json).collect();
        }
        if self.class == ProblemType::BadSignatureAlgorithm {
            // RFC 8555 section 6.2.
            json["algorithms"] = json!(ALGORITHMS);
        }
        json
    }
}

/// The beginning of a text of a stranger.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}
