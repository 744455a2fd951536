//! How many members must say yes: agreed on when the consortium is founded.

use std::{fmt, str::FromStr};

use emrshare_ledger::{DecodeError, wire::Reader};
use serde::{Deserialize, Serialize};

use crate::{
    Motion,
    wire::{Field, fields},
};

/// A share of all members; more than that must say yes.
///
/// ```
/// use emrshare_contracts::Threshold;
///
/// let half: Threshold = "1/2".parse()?;
/// assert!(half.is_passed(3, 5));
/// assert!(!Threshold::TWO_THIRDS.is_passed(2, 3));
/// assert!("1/3".parse::<Threshold>().is_err());
/// # Ok::<(), emrshare_contracts::ThresholdError>(())
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(into = "String", try_from = "String")]
pub struct Threshold {
    numerator: u8,
    denominator: u8,
}

/// Not a share from 1/2 to below 1, with a denominator up to 100.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a threshold is a share such as 2/3: at least 1/2, below 1, of at most hundredths")]
pub struct ThresholdError;

impl Threshold {
    /// More than two thirds.
    pub const TWO_THIRDS: Self = Self { numerator: 2, denominator: 3 };

    /// A share.
    ///
    /// # Errors
    /// [`ThresholdError`] if two groups of members without a common one could reach it, or all
    /// members together could not.
    pub fn new(numerator: u8, denominator: u8) -> Result<Self, ThresholdError> {
        let share = u16::from(numerator);
        let is_majority = 2 * share >= u16::from(denominator) && numerator < denominator;
        if is_majority && denominator <= 100 {
            Ok(Self { numerator, denominator })
        } else {
            Err(ThresholdError)
        }
    }

    /// Whether so many of all members are more than the share.
    #[must_use]
    pub fn is_passed(self, yes: u32, members: u32) -> bool {
        u64::from(self.denominator) * u64::from(yes)
            > u64::from(self.numerator) * u64::from(members)
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

impl FromStr for Threshold {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, ThresholdError> {
        let (numerator, denominator) = text.split_once('/').ok_or(ThresholdError)?;
        let number = |text: &str| text.parse().map_err(|_| ThresholdError);
        let threshold = Self::new(number(numerator)?, number(denominator)?)?;
        // One text for each: no sign, no zero in front.
        if threshold.to_string() == text { Ok(threshold) } else { Err(ThresholdError) }
    }
}

impl From<Threshold> for String {
    fn from(threshold: Threshold) -> Self {
        threshold.to_string()
    }
}

impl TryFrom<String> for Threshold {
    type Error = ThresholdError;

    fn try_from(text: String) -> Result<Self, ThresholdError> {
        text.parse()
    }
}

impl Field for Threshold {
    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend([self.numerator, self.denominator]);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (numerator, denominator) = (reader.u8("numerator")?, reader.u8("denominator")?);
        let found = u64::from(denominator);
        Self::new(numerator, denominator)
            .map_err(|_| DecodeError::Value { what: "threshold", found })
    }
}

/// The thresholds of all motions.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// To make an institution a member.
    pub admit: Threshold,
    /// To give a person an office.
    pub appoint: Threshold,
    /// To set or end a quota.
    pub quota: Threshold,
    /// To suspend a member, and to end that.
    pub suspend: Threshold,
    /// To put other terms in force.
    pub terms: Threshold,
}

fields!(Thresholds { admit, appoint, quota, suspend, terms });

impl Default for Thresholds {
    fn default() -> Self {
        let all = Threshold::TWO_THIRDS;
        Self { admit: all, appoint: all, quota: all, suspend: all, terms: all }
    }
}

impl Thresholds {
    pub(crate) const fn of(&self, motion: &Motion) -> Threshold {
        match motion {
            Motion::Admit(_) => self.admit,
            Motion::Appoint(_) => self.appoint,
            Motion::Quota(_) => self.quota,
            Motion::Suspend(_) | Motion::Reinstate(_) => self.suspend,
            Motion::Terms(_) => self.terms,
        }
    }
}
