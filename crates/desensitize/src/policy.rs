//! Which technique is used for what.

use emrshare_codec::Digest;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::{Class, DocumentKind, Technique, technique::Ciphertext};

/// A policy cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// It is no policy in TOML.
    #[error("not a desensitization policy: {0}")]
    Toml(#[from] toml::de::Error),
    /// It is no policy in JSON.
    #[error("not a desensitization policy: {0}")]
    Json(#[from] serde_json::Error),
    /// A technique is none for its class.
    #[error("{} for {}: {why}", technique.name(), class.name())]
    Misfit {
        /// The class.
        class: Class,
        /// The technique.
        technique: Technique,
        /// What does not fit.
        why: &'static str,
    },
}

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

impl Techniques {
    const fn of(&self, class: Class) -> Technique {
        match class {
            Class::Name => self.name,
            Class::Identifier => self.identifier,
            Class::Contact => self.contact,
            Class::Address => self.address,
            Class::Date => self.date,
            Class::Age => self.age,
            Class::Organisation => self.organisation,
            Class::Photo => self.photo,
        }
    }
}

/// What is done to one class in one place.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
struct Rule {
    class: Class,
    document: Option<DocumentKind>,
    field: Option<String>,
    technique: Technique,
}

/// What a field of JSON that is no FHIR holds.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
struct Field {
    field: String,
    class: Class,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    version: u32,
    techniques: Techniques,
    #[serde(default)]
    rules: Vec<Rule>,
    #[serde(default)]
    json: Vec<Field>,
}

/// A technique for every class, and for single fields and kinds of document; with a name and a
/// version.
///
/// ```
/// use emrshare_desensitize::{Class, DocumentKind, Policy, Technique};
///
/// let text = String::from_utf8_lossy(Policy::HIPAA_SAFE_HARBOR).into_owned()
///     + "[[rules]]\nclass = \"date\"\ndocument = \"hl7\"\nfield = \"PID-7\"\ntechnique = \"null\"\n";
/// let policy = Policy::from_toml(&text)?;
/// assert_eq!(policy.technique(Class::Date, DocumentKind::Hl7, || "PID-7".into()), Technique::Null);
/// # Ok::<(), emrshare_desensitize::PolicyError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    name: String,
    version: u32,
    techniques: Techniques,
    rules: Vec<Rule>,
    json: Vec<Field>,
    digest: Digest,
}

impl Policy {
    /// The document of [`hipaa_safe_harbor`](Self::hipaa_safe_harbor).
    pub const HIPAA_SAFE_HARBOR: &[u8] = include_bytes!("../policies/hipaa-safe-harbor.toml");
    /// After GB/T 37964-2019 and GB/T 39725-2020.
    pub const CN_GBT_37964: &[u8] = include_bytes!("../policies/cn-gbt-37964.toml");
    /// For research over time: dates keep their intervals, persons can be told apart.
    pub const RESEARCH_LINKABLE: &[u8] = include_bytes!("../policies/research-linkable.toml");
    /// The document of [`strict`](Self::strict).
    pub const STRICT: &[u8] = include_bytes!("../policies/strict.toml");

    /// The documents that ship with the crate.
    pub const SHIPPED: [&[u8]; 4] =
        [Self::HIPAA_SAFE_HARBOR, Self::CN_GBT_37964, Self::RESEARCH_LINKABLE, Self::STRICT];

    /// Reads a policy in TOML: `name`, `version`, a table `techniques` with all classes; and at
    /// will `rules` with `class`, `document`, `field` and `technique`, of which the first that fits
    /// wins, and `json` with `field` and `class`.
    ///
    /// # Errors
    /// [`PolicyError`] with line and column, or with the class that a technique does not fit.
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        Self::new(toml::from_str(text)?, text)
    }

    /// Reads a policy in JSON, of the same structure.
    ///
    /// # Errors
    /// As [`from_toml`](Self::from_toml).
    pub fn from_json(text: &str) -> Result<Self, PolicyError> {
        Self::new(serde_json::from_str(text)?, text)
    }

    /// Reads a policy in either form: JSON begins with a brace.
    ///
    /// # Errors
    /// As [`from_toml`](Self::from_toml).
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        if text.trim_start().starts_with('{') {
            Self::from_json(text)
        } else {
            Self::from_toml(text)
        }
    }

    fn new(document: Document, text: &str) -> Result<Self, PolicyError> {
        let Document { name, version, techniques, rules, json } = document;
        let general = Class::ALL.into_iter().map(|class| (class, techniques.of(class)));
        let special = rules.iter().map(|rule| (rule.class, rule.technique));
        for (class, technique) in general.chain(special) {
            if let Some(why) = technique.misfit(class) {
                return Err(PolicyError::Misfit { class, technique, why });
            }
        }
        let digest = Digest(Sha256::digest(text).into());
        Ok(Self { name, version, techniques, rules, json, digest })
    }

    /// The shipped policy of a name, such as `research-linkable`.
    #[must_use]
    pub fn shipped(name: &str) -> Option<Self> {
        Self::SHIPPED.into_iter().map(read_shipped).find(|policy| policy.name == name)
    }

    /// The default: HIPAA Safe Harbor (45 CFR 164.514(b)(2)).
    ///
    /// # Panics
    /// Never: the tests read it.
    #[must_use]
    pub fn hipaa_safe_harbor() -> Self {
        read_shipped(Self::HIPAA_SAFE_HARBOR)
    }

    /// Everything goes.
    ///
    /// # Panics
    /// Never: the tests read it.
    #[must_use]
    pub fn strict() -> Self {
        read_shipped(Self::STRICT)
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

    /// What is done to a class in a field of a kind of document. The field's name is asked for only
    /// if a rule needs it; see [`Policy`].
    #[must_use]
    pub fn technique(
        &self,
        class: Class,
        document: DocumentKind,
        field: impl Fn() -> String,
    ) -> Technique {
        let fits = |rule: &&Rule| {
            rule.class == class
                && rule.document.is_none_or(|kind| kind == document)
                && rule.field.as_ref().is_none_or(|wanted| is_field(&field(), wanted))
        };
        self.rules.iter().find(fits).map_or(self.techniques.of(class), |rule| rule.technique)
    }

    /// Whether there are rules for a class in single fields of a kind of document.
    pub(crate) fn has_field_rules(&self, class: Class, document: DocumentKind) -> bool {
        let is_one = |rule: &Rule| {
            rule.class == class
                && rule.field.is_some()
                && rule.document.is_none_or(|kind| kind == document)
        };
        self.rules.iter().any(is_one)
    }

    /// What a field of JSON that is no FHIR holds, if the policy says so.
    pub(crate) fn class_of_json(&self, field: impl Fn() -> String) -> Option<Class> {
        let mut fields = self.json.iter();
        fields.find(|mapped| is_field(&field(), &mapped.field)).map(|mapped| mapped.class)
    }

    /// Whether some technique needs a key that only some have.
    #[must_use]
    pub fn encrypts(&self) -> bool {
        self.all().any(|technique| matches!(technique, Technique::Encrypt(_)))
    }

    /// Whether copies can be shared with other nodes: ciphertexts in the form of real numbers would
    /// be taken for such and refused.
    #[must_use]
    pub fn is_for_sharing(&self) -> bool {
        !self.all().any(|technique| technique == Technique::Encrypt(Ciphertext::Format))
    }

    fn all(&self) -> impl Iterator<Item = Technique> {
        let general = Class::ALL.into_iter().map(|class| self.techniques.of(class));
        general.chain(self.rules.iter().map(|rule| rule.technique))
    }
}

fn read_shipped(document: &[u8]) -> Policy {
    Policy::from_toml(&String::from_utf8_lossy(document)).expect("the tests read it")
}

/// Whether a field is the one that a policy names, by its last parts: `Patient.birthDate` and
/// `birthDate` name `Patient.birthDate`.
fn is_field(field: &str, wanted: &str) -> bool {
    field.strip_suffix(wanted).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_policies_are_read() {
        let names: Vec<_> =
            Policy::SHIPPED.into_iter().map(|text| read_shipped(text).name).collect();
        assert_eq!(names, ["hipaa-safe-harbor", "cn-gbt-37964", "research-linkable", "strict"]);
        assert!(names.iter().all(|name| Policy::shipped(name).unwrap().is_for_sharing()));
        assert_eq!(Policy::shipped("none"), None);
    }

    #[test]
    fn the_first_rule_that_fits_wins() {
        let text = r#"{"name":"a","version":1,
            "techniques":{"name":"surrogate","identifier":"surrogate","contact":"delete",
                "address":{"generalize":"city"},"date":{"shift":{"days":30}},"age":"keep",
                "organisation":{"mask":{"first":1}},"photo":"delete"},
            "rules":[{"class":"date","document":"fhir","field":"birthDate","technique":{"generalize":"year"}},
                {"class":"date","document":"fhir","technique":"delete"}]}"#;
        let policy = Policy::parse(text).unwrap();
        let of =
            |document, field: &str| policy.technique(Class::Date, document, || field.to_owned());
        let year = Technique::Generalize(crate::Level::Year);
        assert_eq!(of(DocumentKind::Fhir, "Patient.birthDate"), year);
        assert_eq!(of(DocumentKind::Fhir, "birthDate"), year);
        assert_eq!(of(DocumentKind::Fhir, "Patient.notBirthDate"), Technique::Delete);
        assert_eq!(of(DocumentKind::Hl7, "PID-7"), Technique::Shift { days: 30 });
    }

    #[test]
    fn techniques_that_do_not_fit_are_refused() {
        let text = String::from_utf8_lossy(Policy::STRICT);
        for (from, to) in [
            (r#"name = "delete""#, r#"name = { shift = { days = 3 } }"#),
            (r#"date = "delete""#, r#"date = { shift = { days = 0 } }"#),
            (r#"date = "delete""#, r#"date = { generalize = "city" }"#),
            (r#"photo = "delete""#, r#"photo = "surrogate""#),
            (r#"age = "delete""#, r#"age = { truncate = { to = 0 } }"#),
            (r#"age = "delete""#, r#"age = "substitute""#),
        ] {
            let error = Policy::from_toml(&text.replacen(from, to, 1)).unwrap_err();
            assert!(matches!(error, PolicyError::Misfit { .. }), "{to}: {error}");
        }
    }
}
