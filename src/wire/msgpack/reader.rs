//! The items of msgpack data, one after the other. An item is a value, or the header of an array or a map.

use std::ops::Range;

use rmp::Marker;

use super::DecodeError;

/// One item.
#[derive(Clone, PartialEq, Debug)]
pub enum Item<'a> {
    Nil,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    /// Bytes that should be UTF-8.
    Str(&'a [u8]),
    /// Where the bytes are.
    Bin(Range<usize>),
    /// This many items follow.
    Array(usize),
    /// This many pairs of items follow.
    Map(usize),
    /// The number of the extension and where its bytes are.
    Ext(i8, Range<usize>),
}

/// Reads items from the start of `bytes` on.
pub struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// How many bytes have been read.
    pub fn position(&self) -> usize {
        self.position
    }

    /// How many bytes follow.
    pub fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.position)
    }

    /// The bytes at a range that an item gave.
    pub fn slice(&self, range: Range<usize>) -> &'a [u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    pub fn item(&mut self) -> Result<Item<'a>, DecodeError> {
        let [first] = self.array()?;
        match Marker::from_u8(first) {
            Marker::Null => Ok(Item::Nil),
            Marker::False => Ok(Item::Bool(false)),
            Marker::True => Ok(Item::Bool(true)),
            Marker::Reserved => Err(DecodeError::InvalidType(self.position - 1)),
            marker => match self.number(marker)? {
                Some(number) => Ok(number),
                None => self.sized(marker),
            },
        }
    }

    fn number(&mut self, marker: Marker) -> Result<Option<Item<'a>>, DecodeError> {
        Ok(Some(match marker {
            Marker::FixPos(value) => Item::Unsigned(value.into()),
            Marker::FixNeg(value) => Item::Signed(value.into()),
            Marker::U8 => Item::Unsigned(u8::from_be_bytes(self.array()?).into()),
            Marker::U16 => Item::Unsigned(u16::from_be_bytes(self.array()?).into()),
            Marker::U32 => Item::Unsigned(u32::from_be_bytes(self.array()?).into()),
            Marker::U64 => Item::Unsigned(u64::from_be_bytes(self.array()?)),
            Marker::I8 => Item::Signed(i8::from_be_bytes(self.array()?).into()),
            Marker::I16 => Item::Signed(i16::from_be_bytes(self.array()?).into()),
            Marker::I32 => Item::Signed(i32::from_be_bytes(self.array()?).into()),
            Marker::I64 => Item::Signed(i64::from_be_bytes(self.array()?)),
            Marker::F32 => Item::Float(f32::from_be_bytes(self.array()?).into()),
            Marker::F64 => Item::Float(f64::from_be_bytes(self.array()?)),
            _ => return Ok(None),
        }))
    }

    /// An item with a length.
    fn sized(&mut self, marker: Marker) -> Result<Item<'a>, DecodeError> {
        let length = self.length(marker)?;
        match marker {
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
                let range = self.take(length)?;
                Ok(Item::Str(self.slice(range)))
            }
            Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => Ok(Item::Bin(self.take(length)?)),
            Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => Ok(Item::Array(length)),
            Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => Ok(Item::Map(length)),
            _ => {
                let kind = i8::from_be_bytes(self.array()?);
                Ok(Item::Ext(kind, self.take(length)?))
            }
        }
    }

    fn length(&mut self, marker: Marker) -> Result<usize, DecodeError> {
        match marker {
            Marker::FixStr(length) | Marker::FixArray(length) | Marker::FixMap(length) => Ok(length.into()),
            Marker::Str8 | Marker::Bin8 | Marker::Ext8 => Ok(u8::from_be_bytes(self.array()?).into()),
            Marker::Str16 | Marker::Bin16 | Marker::Ext16 | Marker::Array16 | Marker::Map16 => {
                Ok(u16::from_be_bytes(self.array()?).into())
            }
            Marker::FixExt1 => Ok(1),
            Marker::FixExt2 => Ok(2),
            Marker::FixExt4 => Ok(4),
            Marker::FixExt8 => Ok(8),
            Marker::FixExt16 => Ok(16),
            _ => {
                // What does not fit into the address space is not there either.
                let length = u32::from_be_bytes(self.array()?);
                usize::try_from(length).map_err(|_| DecodeError::Truncated)
            }
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let range = self.take(N)?;
        self.slice(range).try_into().map_err(|_| DecodeError::Truncated)
    }

    fn take(&mut self, length: usize) -> Result<Range<usize>, DecodeError> {
        if length > self.remaining() {
            return Err(DecodeError::Truncated);
        }
        let start = self.position;
        self.position += length;
        Ok(start..self.position)
    }
}
