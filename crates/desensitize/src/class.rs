//! What a value tells of a person.

use serde::{Deserialize, Serialize};

/// What a value tells of a person.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
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
    /// A picture of a person or other biometric data, and embedded documents.
    Photo,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 8] = [
        Self::Name,
        Self::Identifier,
        Self::Contact,
        Self::Address,
        Self::Date,
        Self::Age,
        Self::Organisation,
        Self::Photo,
    ];

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
