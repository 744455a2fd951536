//! Does a section say again what another one says?

use emrshare_record::{Section, Sections};

use super::measure::characters;

/// Characters from which on the same text is no chance.
const CHARACTERS: usize = 12;

/// The first section whose text an earlier one has too, and that one. White space does not count.
pub(crate) fn repeated(sections: &Sections) -> Option<(Section, Section)> {
    let words = |section: Section| sections.get(section).split_whitespace().flat_map(str::chars);
    let pairs = [
        (Section::Diagnosis, Section::Basic),
        (Section::Hospitalisation, Section::Basic),
        (Section::Hospitalisation, Section::Diagnosis),
    ];
    pairs.into_iter().find(|(section, like)| {
        characters(sections.get(*section)) >= CHARACTERS && words(*section).eq(words(*like))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: [&str; 3]) -> Option<(Section, Section)> {
        let [basic, diagnosis, hospitalisation] = texts.map(str::to_owned);
        repeated(&Sections::new(basic, diagnosis, hospitalisation))
    }

    #[test]
    fn the_same_text_is_seen_whatever_its_white_space() {
        let long = "Acute appendicitis, treated.";
        let again = "Acute appendicitis,\n treated. ";
        assert_eq!(of([long, "Gout.", again]), Some((Section::Hospitalisation, Section::Basic)));
        assert_eq!(of(["", long, again]), Some((Section::Hospitalisation, Section::Diagnosis)));
    }

    #[test]
    fn short_and_different_texts_are_not() {
        assert_eq!(of(["N/A", "N/A", "N/A"]), None);
        assert_eq!(of(["Acute appendicitis.", "Acute cholecystitis.", ""]), None);
    }
}
