//! What is done to what is found.

use emrshare_codec::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What a value tells of a person.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Class {
    /// A person's name: patients, relatives, staff.
    Name,
    /// A number that stands for a person: identity, record, account, device.
    Identifier,
    /// Telephone, mail, web and network addresses.
    Contact,
    /// A place smaller than a country.
    Address,
    /// A date more exact than a year.
    Date,
    /// An age over 89.
    Age,
    /// An institution.
    Organisation,
    /// A picture of a person or other biometric data.
    Photo,
}

impl Class {
    /// The class's name in policies and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Identifier => "identifier",
            Self::Contact => "contact",
            Self::Address => "address",
            Self::Date => "date",
            Self::Age => "age",
            Self::Organisation => "organisation",
            Self::Photo => "photo",
        }
    }
}

/// What is done to a value.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Technique {
    /// It stays.
    Keep,
    /// It goes.
    Delete,
    /// A stable pseudonym takes its place.
    Surrogate,
    /// Less exact: of a date the year stays, an age becomes the middle of its ten years; anything
    /// else goes.
    Generalize,
}

/// A policy cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("not a desensitization policy: {0}")]
pub struct PolicyError(#[from] toml::de::Error);

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
struct Techniques {
    name: Technique,
    identifier: Technique,
    contact: Technique,
    address: Technique,
    date: Technique,
    age: Technique,
    organisation: Technique,
    photo: Technique,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    version: u32,
    techniques: Techniques,
}

/// A technique for every class, with a name and a version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    name: String,
    version: u32,
    techniques: Techniques,
    digest: Digest,
}

impl Policy {
    /// The document of [`safe_harbor`](Self::safe_harbor).
    pub const SAFE_HARBOR: &[u8] = include_bytes!("../policies/safe-harbor.toml");
    /// The document of [`strict`](Self::strict).
    pub const STRICT: &[u8] = include_bytes!("../policies/strict.toml");

    /// Reads a policy in TOML: `name`, `version` and a table `techniques` with all classes.
    ///
    /// # Errors
    /// [`PolicyError`] with line and column.
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        let Document { name, version, techniques } = toml::from_str(text)?;
        let digest = Digest(Sha256::digest(text).into());
        Ok(Self { name, version, techniques, digest })
    }

    /// The default: modelled on HIPAA Safe Harbor.
    ///
    /// # Panics
    /// Never: the tests read it.
    #[must_use]
    pub fn safe_harbor() -> Self {
        Self::from_toml(include_str!("../policies/safe-harbor.toml")).expect("the tests read it")
    }

    /// Everything goes.
    ///
    /// # Panics
    /// Never: the tests read it.
    #[must_use]
    pub fn strict() -> Self {
        Self::from_toml(include_str!("../policies/strict.toml")).expect("the tests read it")
    }

    /// The policy's name and version.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}/{}", self.name, self.version)
    }

    /// SHA-256 of the policy's text.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// What is done to a class.
    #[must_use]
    pub const fn technique(&self, class: Class) -> Technique {
        match class {
            Class::Name => self.techniques.name,
            Class::Identifier => self.techniques.identifier,
            Class::Contact => self.techniques.contact,
            Class::Address => self.techniques.address,
            Class::Date => self.techniques.date,
            Class::Age => self.techniques.age,
            Class::Organisation => self.techniques.organisation,
            Class::Photo => self.techniques.photo,
        }
    }
}
