//! Kinds of columns in a sealed file: value in memory, Arrow builder, and back.

use std::borrow::Cow;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BinaryBuilder, BooleanArray, BooleanBuilder, Date32Array, Date32Builder,
    Int64Array, Int64Builder, StringArray, StringBuilder,
};
use arrow::datatypes::{DataType, Field};
use jiff::civil::Date;

/// A kind of column.
pub(super) trait Cell {
    /// The value of one row; borrowed when written, owned when read.
    type Value<'a>;
    type Builder: Default;
    const TYPE: DataType;
    const NULLABLE: bool;

    fn append(builder: &mut Self::Builder, value: &Self::Value<'_>);
    fn finish(builder: &mut Self::Builder) -> ArrayRef;
    fn read(array: &dyn Array, row: usize) -> Option<Self::Value<'static>>;

    /// Bytes beyond the fixed ones.
    fn length(_value: &Self::Value<'_>) -> usize {
        0
    }

    fn field(name: &str) -> Field {
        Field::new(name, Self::TYPE, Self::NULLABLE)
    }
}

macro_rules! cells {
    ($($name:ident: $value:ty, $array:ident, $builder:ident, $type:ident, $nullable:literal,
        |$given:ident| $append:expr, |$found:ident| $read:expr, |$measured:ident| $length:expr;)*) => {$(
        #[derive(Debug)]
        pub(super) enum $name {}

        impl Cell for $name {
            type Value<'a> = $value;
            type Builder = $builder;
            const TYPE: DataType = DataType::$type;
            const NULLABLE: bool = $nullable;

            fn append(builder: &mut Self::Builder, $given: &Self::Value<'_>) {
                builder.append_option($append);
            }

            fn finish(builder: &mut Self::Builder) -> ArrayRef {
                std::sync::Arc::new(builder.finish())
            }

            fn read(array: &dyn Array, row: usize) -> Option<Self::Value<'static>> {
                let array = array.as_any().downcast_ref::<$array>()?;
                let $found = (!array.is_null(row)).then(|| array.value(row));
                $read
            }

            fn length($measured: &Self::Value<'_>) -> usize {
                $length
            }
        }
    )*};
}

cells! {
    Int: i64, Int64Array, Int64Builder, Int64, false, |value| Some(*value), |found| found, |_value| 0;
    MaybeInt: Option<i64>, Int64Array, Int64Builder, Int64, true, |value| *value, |found| Some(found), |_value| 0;
    Flag: bool, BooleanArray, BooleanBuilder, Boolean, false, |value| Some(*value), |found| found, |_value| 0;
    Day: Date, Date32Array, Date32Builder, Date32, false,
        |value| Some(days_of(*value)), |found| found.and_then(date_of), |_value| 0;
    Text: Cow<'a, str>, StringArray, StringBuilder, Utf8, false,
        |value| Some(value.as_ref()), |found| found.map(|text| Cow::Owned(text.to_owned())), |value| value.len();
    MaybeText: Option<Cow<'a, str>>, StringArray, StringBuilder, Utf8, true,
        |value| value.as_deref(), |found| Some(found.map(|text| Cow::Owned(text.to_owned()))),
        |value| value.as_ref().map_or(0, |text| text.len());
    Bytes: Cow<'a, [u8]>, BinaryArray, BinaryBuilder, Binary, false,
        |value| Some(value.as_ref()), |found| found.map(|bytes| Cow::Owned(bytes.to_vec())), |value| value.len();
}

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

fn days_of(date: Date) -> i32 {
    date.duration_since(EPOCH).as_hours().div_euclid(24).try_into().unwrap_or(i32::MAX)
}

fn date_of(days: i32) -> Option<Date> {
    EPOCH.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_count_from_the_epoch_both_ways() {
        // 2026-01-12: 56 years of 365 days, 14 leap days (1972 to 2024), and 11 days.
        assert_eq!(days_of(date(2026, 1, 12)), 56 * 365 + 14 + 11);
        assert_eq!(date_of(20_465), Some(date(2026, 1, 12)));
        assert_eq!(days_of(date(1969, 12, 31)), -1);
    }
}
