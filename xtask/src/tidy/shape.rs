//! Where the functions and the tests of a file stand.

use std::ops::RangeInclusive;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, ImplItem, ImplItemFn, Item, ItemFn, Signature, TraitItemFn};

/// The shape of one file.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) functions: Vec<Function>,
    /// The lines of each item that is compiled for tests only.
    pub(super) tests: Vec<RangeInclusive<usize>>,
}

/// One function outside tests: its name and its lines, from the signature to the closing brace.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) lines: RangeInclusive<usize>,
}

impl Shape {
    pub(super) fn of(text: &str) -> syn::Result<Self> {
        let mut shape = Self::default();
        shape.visit_file(&syn::parse_file(text)?);
        Ok(shape)
    }

    /// Is the line, counted from 1, in an item that is compiled for tests only?
    pub(super) fn is_test(&self, line: usize) -> bool {
        self.tests.iter().any(|lines| lines.contains(&line))
    }

    pub(super) fn test_lines(&self) -> usize {
        self.tests.iter().map(|lines| lines.end() - lines.start() + 1).sum()
    }

    fn function(&mut self, signature: &Signature, block: &Block) {
        let lines = signature.span().start().line..=block.span().end().line;
        self.functions.push(Function { name: signature.ident.to_string(), lines });
    }

    /// Notes the item if it is a test; true if so, and nothing within needs a look.
    fn test(&mut self, attributes: &[Attribute], item: &impl Spanned) -> bool {
        let found = attributes.iter().any(is_test);
        if found {
            let span = item.span();
            self.tests.push(span.start().line..=span.end().line);
        }
        found
    }
}

impl<'ast> Visit<'ast> for Shape {
    fn visit_item(&mut self, item: &'ast Item) {
        if !self.test(attributes(item), item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = match item {
            ImplItem::Fn(function) => &function.attrs[..],
            _ => &[],
        };
        if !self.test(attributes, item) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.function(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`, `#[cfg(all(test, ..))]`; not `#[cfg(any(test, ..))]`, which users get too.
fn is_test(attribute: &Attribute) -> bool {
    if attribute.path().segments.last().is_some_and(|last| last.ident == "test") {
        return true;
    }
    let syn::Meta::List(list) = &attribute.meta else { return false };
    let condition = list.tokens.to_string().replace(' ', "");
    list.path.is_ident("cfg") && (condition == "test" || condition.starts_with("all(test,"))
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
