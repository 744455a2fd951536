//! What the fields of HL7 v2 messages hold.
//!
//! Fields of the data types XPN, XCN, CX, EI, XTN, XAD, PL, XON and those before them tell of people
//! and places wherever the standard has them (HL7 v2.1 to v2.8.2); those of ST and IS are listed by
//! what they mean. Master files of tests, materials and places tell of no patient and are not here.

/// What a field holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Field {
    /// A person's name: family, given, further names (XPN).
    Person,
    /// A number and a person's name (XCN, CNN, NDL).
    Staff,
    /// A number (CX, EI, ST).
    Number,
    /// The name of whom somebody works for, learns or worships with (XON, ST).
    Employer,
    /// Telephone and mail (XTN).
    Contact,
    /// An address (XAD).
    Address,
    /// Where somebody lies: ward, room, bed (PL).
    Bed,
    /// An institution's name (XON).
    Organisation,
}

impl Field {
    /// What the field at a position of a segment holds, if it tells of somebody: `fields` are the
    /// segment's, its name first.
    pub(super) fn at(fields: &[&str], number: usize) -> Option<Self> {
        let segment = *fields.first()?;
        if (segment, number) == ("OBX", OBSERVED) {
            return Self::of_type(fields.get(2)?);
        }
        let start = FIELDS.partition_point(|(name, ..)| *name < segment);
        let of_segment = FIELDS[start..].iter().take_while(|(name, ..)| *name == segment);
        let mut holding = of_segment.filter(|(.., numbers)| numbers.contains(&number));
        holding.next().map(|(_, field, _)| *field)
    }

    /// What a value of a data type holds (HL7 v2.8, section 2.A).
    fn of_type(data_type: &str) -> Option<Self> {
        Some(match data_type {
            "XPN" | "PN" => Self::Person,
            "XCN" | "CN" | "CNN" | "NDL" | "PPN" => Self::Staff,
            "AUI" | "CX" | "CK" | "DLN" | "EI" | "EIP" | "PLN" | "RP" => Self::Number,
            "XTN" | "TN" => Self::Contact,
            "XAD" | "AD" | "SAD" => Self::Address,
            "PL" | "LA1" | "LA2" => Self::Bed,
            "XON" => Self::Organisation,
            _ => return None,
        })
    }
}

/// Where an OBX holds its value, whose data type stands in OBX-2.
pub(super) const OBSERVED: usize = 5;

/// Segment, what its fields hold, their positions; segments ascend.
const FIELDS: &[(&str, Field, &[usize])] = {
    use Field::{Address, Bed, Contact, Employer, Number, Organisation, Person, Staff};
    &[
        ("ABS", Staff, &[1, 5, 8]),
        ("ACC", Staff, &[7]),
        ("ACC", Number, &[13]),
        ("ACC", Address, &[11]),
        ("ADJ", Number, &[1, 2, 12, 13]),
        ("ADJ", Organisation, &[15]),
        ("AFF", Address, &[3]),
        ("AFF", Organisation, &[2]),
        ("AIL", Bed, &[3]),
        ("AIP", Staff, &[3]),
        ("ARQ", Staff, &[15, 19]),
        ("ARQ", Number, &[1, 2, 4, 22, 23, 24, 25]),
        ("ARQ", Contact, &[16, 20]),
        ("ARQ", Address, &[17]),
        ("ARQ", Bed, &[18, 21]),
        ("AUT", Staff, &[24]),
        ("AUT", Number, &[6]),
        ("AUT", Contact, &[27]),
        ("AUT", Organisation, &[3, 23]),
        ("BLG", Number, &[3]),
        ("BPO", Address, &[9, 12]),
        ("BPO", Bed, &[8, 11]),
        ("BPX", Staff, &[20, 21]),
        ("BPX", Number, &[5, 17]),
        ("BPX", Address, &[19]),
        ("BPX", Bed, &[18]),
        ("BTX", Staff, &[14, 15]),
        ("BTX", Number, &[2, 20]),
        ("BUI", Number, &[2]),
        ("CER", Person, &[13]),
        ("CER", Staff, &[5]),
        ("CER", Number, &[2, 12]),
        ("CM0", Staff, &[5, 9]),
        ("CM0", Contact, &[10]),
        ("CM0", Address, &[11]),
        ("CON", Person, &[24]),
        ("CON", Number, &[4]),
        ("CSR", Staff, &[7, 8]),
        ("CSR", Number, &[4, 5]),
        ("CTD", Person, &[2]),
        ("CTD", Number, &[7]),
        ("CTD", Contact, &[5]),
        ("CTD", Address, &[3]),
        ("CTD", Bed, &[4]),
        ("DB1", Number, &[3]),
        ("DG1", Staff, &[16]),
        ("DG1", Number, &[20, 22]),
        ("DON", Person, &[16, 20, 23, 24, 28]),
        ("DON", Staff, &[32, 33]),
        ("DON", Number, &[1, 26, 31]),
        ("DON", Organisation, &[18]),
        ("DRG", Person, &[12]),
        ("EDU", Employer, &[6]),
        ("EDU", Address, &[8]),
        ("EQU", Number, &[1]),
        ("ERR", Contact, &[12]),
        ("EVN", Staff, &[5]),
        ("FAC", Staff, &[5, 9]),
        ("FAC", Contact, &[4, 8, 12]),
        ("FAC", Address, &[3, 7, 11]),
        ("FT1", Staff, &[20, 21, 24]),
        ("FT1", Number, &[2, 23, 30, 38, 39, 42]),
        ("FT1", Bed, &[16]),
        ("FT1", Organisation, &[32, 33]),
        ("GOL", Person, &[21]),
        ("GOL", Number, &[4, 5]),
        ("GT1", Person, &[3, 4, 16, 42, 45]),
        ("GT1", Number, &[2, 12, 19, 29]),
        ("GT1", Employer, &[21, 51]),
        ("GT1", Contact, &[6, 7, 18, 46]),
        ("GT1", Address, &[5, 17, 56]),
        ("IAM", Person, &[14]),
        ("IAM", Staff, &[18, 21, 23, 25]),
        ("IAM", Number, &[7]),
        ("IAM", Organisation, &[19, 28, 29, 30]),
        ("IN1", Person, &[6, 16]),
        ("IN1", Staff, &[30]),
        ("IN1", Number, &[3, 8, 10, 14, 36, 49, 54]),
        ("IN1", Employer, &[9, 11]),
        ("IN1", Contact, &[7]),
        ("IN1", Address, &[5, 19, 44, 52]),
        ("IN1", Organisation, &[4]),
        ("IN2", Person, &[7, 9, 22, 40, 49, 52]),
        ("IN2", Staff, &[3]),
        ("IN2", Number, &[1, 2, 6, 8, 10, 25, 26, 61]),
        ("IN2", Employer, &[12, 13, 69, 70]),
        ("IN2", Contact, &[50, 53, 58, 63, 64]),
        ("IN3", Person, &[15, 21]),
        ("IN3", Staff, &[3, 8, 14, 25]),
        ("IN3", Number, &[2]),
        ("IN3", Contact, &[16, 19]),
        ("IPC", Number, &[1, 2, 3, 4, 7]),
        ("IPR", Number, &[1, 2, 3]),
        ("IVC", Staff, &[12, 19]),
        ("IVC", Number, &[1, 2, 3, 26, 27, 30]),
        ("IVC", Organisation, &[10, 11]),
        ("LDP", Contact, &[11]),
        ("LOC", Contact, &[6]),
        ("LOC", Address, &[5]),
        ("MFE", Staff, &[7]),
        ("MRG", Person, &[7]),
        ("MRG", Number, &[1, 2, 3, 4, 5, 6]),
        ("MSA", Number, &[2]),
        ("MSH", Number, &[10]),
        ("NK1", Person, &[2, 26, 30]),
        ("NK1", Number, &[12, 33, 37]),
        ("NK1", Employer, &[13]),
        ("NK1", Contact, &[5, 6, 31, 40, 41]),
        ("NK1", Address, &[4, 32, 38]),
        ("NPU", Bed, &[1]),
        ("NTE", Staff, &[5]),
        ("OBR", Staff, &[10, 16, 28, 32, 33, 34, 35]),
        ("OBR", Number, &[2, 3, 18, 19, 20, 21, 29, 51, 52, 53, 54]),
        ("OBR", Contact, &[17]),
        ("OBX", Staff, &[16, 25]),
        ("OBX", Number, &[18, 21]),
        ("OBX", Address, &[24]),
        ("OBX", Organisation, &[23]),
        ("OM7", Staff, &[20]),
        ("ORC", Staff, &[10, 11, 12, 19]),
        ("ORC", Number, &[2, 3, 4, 8, 33]),
        ("ORC", Contact, &[14, 23]),
        ("ORC", Address, &[22, 24]),
        ("ORC", Bed, &[13]),
        ("ORC", Organisation, &[21]),
        ("ORG", Number, &[5]),
        ("OVR", Staff, &[4, 5]),
        ("PCR", Number, &[12]),
        ("PD1", Staff, &[4]),
        ("PD1", Number, &[10]),
        ("PD1", Employer, &[14]),
        ("PD1", Organisation, &[3]),
        ("PDA", Staff, &[5, 8]),
        ("PDA", Bed, &[2]),
        ("PEO", Person, &[19]),
        ("PEO", Contact, &[21]),
        ("PEO", Address, &[7, 20]),
        ("PES", Staff, &[2]),
        ("PES", Number, &[5]),
        ("PES", Contact, &[4]),
        ("PES", Address, &[3]),
        ("PES", Organisation, &[1]),
        ("PID", Person, &[5, 6, 9]),
        ("PID", Number, &[2, 3, 4, 18, 19, 20, 21]),
        ("PID", Contact, &[13, 14, 40]),
        ("PID", Address, &[11, 12, 23]),
        ("PM1", Person, &[5]),
        ("PM1", Number, &[2, 7]),
        ("PM1", Employer, &[8]),
        ("PM1", Contact, &[6]),
        ("PM1", Address, &[4]),
        ("PM1", Organisation, &[3]),
        ("PMT", Number, &[1, 7, 9, 10]),
        ("PMT", Organisation, &[8, 11]),
        ("PR1", Staff, &[8, 11, 12]),
        ("PR1", Number, &[19, 25]),
        ("PR1", Bed, &[23]),
        ("PRA", Number, &[1, 6]),
        ("PRB", Number, &[4, 5]),
        ("PRD", Person, &[2]),
        ("PRD", Number, &[7]),
        ("PRD", Contact, &[5, 13]),
        ("PRD", Address, &[3, 11]),
        ("PRD", Bed, &[4, 12]),
        ("PRD", Organisation, &[10]),
        ("PRT", Staff, &[5]),
        ("PRT", Number, &[1, 10, 16, 20, 21]),
        ("PRT", Contact, &[15]),
        ("PRT", Address, &[14]),
        ("PRT", Bed, &[9]),
        ("PRT", Organisation, &[8]),
        ("PSG", Number, &[1, 2]),
        ("PSL", Staff, &[29, 30]),
        ("PSL", Number, &[1, 2, 4, 5, 19]),
        ("PSS", Number, &[1, 2]),
        ("PTH", Number, &[3]),
        ("PV1", Staff, &[7, 8, 9, 17, 52]),
        ("PV1", Number, &[5, 19, 50, 54]),
        ("PV1", Bed, &[3, 6, 11, 42, 43]),
        ("PV2", Staff, &[13]),
        ("PV2", Bed, &[1]),
        ("PV2", Organisation, &[23]),
        ("PYE", Person, &[5]),
        ("PYE", Address, &[6]),
        ("PYE", Organisation, &[4]),
        ("QPD", Number, &[3, 4, 5, 6, 7, 8]),
        ("QRD", Staff, &[8]),
        ("REL", Staff, &[7]),
        ("REL", Number, &[3, 4, 5, 6]),
        ("REL", Contact, &[10]),
        ("REL", Address, &[9]),
        ("REL", Organisation, &[8]),
        ("RF1", Staff, &[20]),
        ("RF1", Number, &[6, 11]),
        ("RF1", Contact, &[23]),
        ("RF1", Organisation, &[19]),
        ("ROL", Staff, &[4]),
        ("ROL", Number, &[1]),
        ("ROL", Contact, &[12]),
        ("ROL", Address, &[11]),
        ("ROL", Bed, &[13]),
        ("ROL", Organisation, &[14]),
        ("RX1", Number, &[23, 26]),
        ("RXA", Staff, &[10]),
        ("RXA", Number, &[29]),
        ("RXA", Address, &[28]),
        ("RXA", Bed, &[11, 27]),
        ("RXD", Staff, &[10]),
        ("RXD", Number, &[7, 35]),
        ("RXD", Contact, &[34]),
        ("RXD", Address, &[31]),
        ("RXD", Bed, &[13]),
        ("RXE", Staff, &[13, 14]),
        ("RXE", Number, &[15]),
        ("RXE", Contact, &[45]),
        ("RXE", Address, &[41, 43]),
        ("RXE", Bed, &[8, 42]),
        ("RXG", Number, &[31]),
        ("RXG", Address, &[28, 30]),
        ("RXG", Bed, &[11, 29]),
        ("RXO", Staff, &[14, 15]),
        ("RXO", Number, &[29, 30]),
        ("RXO", Contact, &[36]),
        ("RXO", Address, &[33, 35]),
        ("RXO", Bed, &[8, 34]),
        ("SAC", Number, &[1, 2, 3, 4, 5, 10, 13]),
        ("SCD", Staff, &[25, 34]),
        ("SCD", Number, &[33]),
        ("SCH", Staff, &[12, 16, 20]),
        ("SCH", Number, &[1, 2, 4, 23, 24, 26, 27]),
        ("SCH", Contact, &[13, 17, 21]),
        ("SCH", Address, &[14, 18]),
        ("SCH", Bed, &[15, 19, 22]),
        ("SDD", Person, &[7]),
        ("SDD", Number, &[2]),
        ("SPM", Number, &[2, 3, 30, 31]),
        ("STF", Person, &[3]),
        ("STF", Number, &[2, 22]),
        ("STF", Contact, &[10, 15]),
        ("STF", Address, &[11]),
        ("TQ2", Number, &[3, 4, 5]),
        ("TXA", Staff, &[5, 9, 10, 11, 22, 23]),
        ("TXA", Number, &[12, 13, 14, 15, 16]),
        ("UB2", Number, &[12]),
        ("URD", Staff, &[3]),
        ("VAR", Staff, &[4]),
        ("VAR", Number, &[1]),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_ascend() {
        assert!(FIELDS.is_sorted_by_key(|(segment, ..)| segment));
    }

    #[test]
    fn no_field_is_listed_twice() {
        let mut all: Vec<_> = FIELDS
            .iter()
            .flat_map(|(segment, _, numbers)| numbers.iter().map(move |number| (*segment, *number)))
            .collect();
        let listed = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), listed);
    }
}
