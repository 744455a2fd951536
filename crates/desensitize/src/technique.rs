//! What can be done to a value: the eight techniques of GB/T 37964-2019, annex A, less those for
//! tables, which [`Table`](crate::Table) has.

use serde::{Deserialize, Serialize};

use crate::Class;

/// What is done to a value.
///
/// In a policy: `"delete"`, or with a number or word `{ mask = { first = 1, last = 4 } }`,
/// `{ generalize = "month" }`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Technique {
    /// It stays.
    Keep,
    /// It goes, and so does the element that held it. In text its class stays in brackets.
    Delete,
    /// The element stays, empty, and says that something was there as far as its form can: FHIR's
    /// data-absent-reason `masked`, CDA's null flavour `MSK`, HL7 v2's `""`.
    Null,
    /// A stable pseudonym takes its place: `name-` and twelve letters.
    Surrogate,
    /// A stable invention that looks like it: another name of the same language and gender,
    /// another number of the same form.
    Substitute,
    /// Less exact.
    Generalize(Level),
    /// All letters and digits but some at the ends become `*`.
    Mask {
        /// Characters that stay at the start.
        #[serde(default)]
        first: u8,
        /// Characters that stay at the end.
        #[serde(default)]
        last: u8,
    },
    /// Only the first characters stay.
    Truncate {
        /// Their number, 1 at least.
        to: u8,
    },
    /// A date moves by a number of days that is the patient's own: intervals stay.
    Shift {
        /// It moves by 1 to so many days, back or forth; 1 to 3,650.
        days: u16,
    },
    /// Who has the key of [`Desensitizer::with_reveal_key`](crate::Desensitizer::with_reveal_key)
    /// can undo it.
    Encrypt(Ciphertext),
}

/// How exact something stays.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Level {
    /// Of a date, year and month.
    Month,
    /// Of a date, the year.
    Year,
    /// Of an age, the middle of its ten years; from 90 on, 90.
    TenYears,
    /// Of an address, what is not smaller than a district or county.
    District,
    /// Of an address, what is not smaller than a city or prefecture.
    City,
    /// Of an address, what is not smaller than a province or state.
    Province,
    /// Of an address, the country.
    Country,
}

/// How an encrypted value looks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ciphertext {
    /// `enc-` and letters.
    Token,
    /// Letters and digits where the value has them, as many (FF1 of NIST SP 800-38G), if there are
    /// enough for its least domain of a million; else a token. Receiving nodes may take it for a
    /// real number and refuse it: for exports, not for sharing.
    Format,
}

impl Technique {
    /// The technique's name in policies and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Delete => "delete",
            Self::Null => "null",
            Self::Surrogate => "surrogate",
            Self::Substitute => "substitute",
            Self::Generalize(_) => "generalize",
            Self::Mask { .. } => "mask",
            Self::Truncate { .. } => "truncate",
            Self::Shift { .. } => "shift",
            Self::Encrypt(_) => "encrypt",
        }
    }

    /// Why the technique is none for a class, if so.
    pub(crate) const fn misfit(self, class: Class) -> Option<&'static str> {
        match (self, class) {
            (Self::Truncate { to: 0 }, _) => Some("truncate to 0 is delete"),
            (Self::Shift { days: 0 | 3_651.. }, _) => Some("a shift is of 1 to 3650 days"),
            (Self::Shift { .. }, Class::Date)
            | (Self::Generalize(Level::Month | Level::Year), Class::Date)
            | (Self::Generalize(Level::TenYears), Class::Age)
            | (
                Self::Generalize(Level::District | Level::City | Level::Province | Level::Country),
                Class::Address,
            ) => None,
            (Self::Shift { .. }, _) => Some("only dates are shifted"),
            (Self::Generalize(_), _) => Some("it cannot be generalized to this"),
            (Self::Substitute, Class::Name | Class::Identifier | Class::Contact) => None,
            (Self::Substitute, _) => Some("only names, identifiers and contacts are substituted"),
            (Self::Keep | Self::Delete, _) => None,
            (_, Class::Photo) => Some("a photo is kept or deleted"),
            _ => None,
        }
    }
}
