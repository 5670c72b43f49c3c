//! One call of each kind that the runtime has, made of the least value of each of its types: the first variant, nothing
//! in a list, zeros. A call that is new is there by itself.

use assay_runtime::RuntimeCall;
use codec::{DecodeAll, Encode};
use scale_info::{form::PortableForm, meta_type, PortableRegistry, Registry, TypeDef, TypeDefPrimitive};

/// A call, and what it is called.
pub struct Sample {
    pub pallet: String,
    pub name: String,
    pub call: RuntimeCall,
}

impl Sample {
    /// As `Pallet.call`.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.pallet, self.name)
    }
}

/// One call of each kind. Those that take calls take this one.
pub fn all(inner: &RuntimeCall) -> Vec<Sample> {
    let mut registry = Registry::new();
    let root = registry.register_type(&meta_type::<RuntimeCall>()).id;
    let types = Types { registry: registry.into(), root, inner: inner.encode() };
    let TypeDef::Variant(pallets) = types.definition(root) else { panic!("a call is a variant") };
    pallets
        .variants
        .iter()
        .flat_map(|pallet| types.calls(pallet.index, &pallet.name, &pallet.fields))
        .collect()
}

struct Types {
    registry: PortableRegistry,
    /// The type of calls.
    root: u32,
    inner: Vec<u8>,
}

type Fields = [scale_info::Field<PortableForm>];

impl Types {
    fn definition(&self, id: u32) -> &TypeDef<PortableForm> {
        &self.registry.resolve(id).expect("a type of the registry").type_def
    }

    /// The calls of a pallet.
    fn calls(&self, index: u8, pallet: &str, fields: &Fields) -> Vec<Sample> {
        let [calls] = fields else { panic!("{pallet} has one type of calls") };
        let TypeDef::Variant(calls) = self.definition(calls.ty.id) else { panic!("{pallet}'s are variants") };
        let sample = |call: &scale_info::Variant<PortableForm>| {
            let bytes = [vec![index, call.index], self.fields(&call.fields)].concat();
            let made = RuntimeCall::decode_all(&mut &bytes[..]);
            Sample {
                pallet: pallet.to_string(),
                name: call.name.to_string(),
                call: made.unwrap_or_else(|error| panic!("{pallet}.{}: {error}", call.name)),
            }
        };
        calls.variants.iter().map(sample).collect()
    }

    fn fields(&self, fields: &Fields) -> Vec<u8> {
        fields.iter().flat_map(|field| self.least(field.ty.id)).collect()
    }

    /// The least value of a type, encoded.
    fn least(&self, id: u32) -> Vec<u8> {
        if id == self.root {
            return self.inner.clone();
        }
        match self.definition(id) {
            TypeDef::Composite(composite) => self.fields(&composite.fields),
            TypeDef::Variant(variants) => {
                let first = variants.variants.iter().min_by_key(|variant| variant.index);
                let first = first.expect("a type that has a value");
                [vec![first.index], self.fields(&first.fields)].concat()
            }
            // A list of calls has one, any other nothing.
            TypeDef::Sequence(list) if list.type_param.id == self.root => {
                [vec![4], self.inner.clone()].concat()
            }
            TypeDef::Sequence(_) | TypeDef::BitSequence(_) => vec![0],
            TypeDef::Array(array) => (0..array.len).flat_map(|_| self.least(array.type_param.id)).collect(),
            TypeDef::Tuple(tuple) => tuple.fields.iter().flat_map(|field| self.least(field.id)).collect(),
            TypeDef::Primitive(primitive) => vec![0; size(primitive)],
            TypeDef::Compact(_) => vec![0],
        }
    }
}

/// Bytes of a primitive value whose bytes are zero.
fn size(primitive: &TypeDefPrimitive) -> usize {
    match primitive {
        TypeDefPrimitive::Bool | TypeDefPrimitive::Str | TypeDefPrimitive::U8 | TypeDefPrimitive::I8 => 1,
        TypeDefPrimitive::U16 | TypeDefPrimitive::I16 => 2,
        TypeDefPrimitive::Char | TypeDefPrimitive::U32 | TypeDefPrimitive::I32 => 4,
        TypeDefPrimitive::U64 | TypeDefPrimitive::I64 => 8,
        TypeDefPrimitive::U128 | TypeDefPrimitive::I128 => 16,
        TypeDefPrimitive::U256 | TypeDefPrimitive::I256 => 32,
    }
}
