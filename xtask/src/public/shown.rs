//! Which types of others the JSON of rustdoc shows.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use crate::{Error, Finding};

/// What a crate shows of crates that `is_hidden`, by the JSON that rustdoc made of it. Each place and type once.
///
/// Implementations that the compiler adds by itself count for nothing: the vendor's `impl<T> Trait for T` is on every
/// type there is.
pub fn shown(member: &str, json: &str, is_hidden: impl Fn(&str) -> bool) -> Result<Vec<Finding>, Error> {
    let document: Value = serde_json::from_str(json).map_err(|e| Error::because("the JSON of rustdoc", e))?;
    let index = document["index"].as_object().ok_or_else(|| Error::new("the JSON of rustdoc has no index"))?;
    let added: HashSet<&str> = index.iter().filter(|(_, item)| is_added(item)).map(|(id, _)| id.as_str()).collect();
    let within: HashSet<String> = added.iter().filter_map(|id| index.get(*id)).flat_map(items).collect();
    let mut found = BTreeSet::new();
    for (id, item) in index {
        if added.contains(id.as_str()) || within.contains(id) {
            continue;
        }
        let mut paths = Vec::new();
        collect(&item["inner"], &document, &mut paths);
        for path in paths.into_iter().filter(|path| path.split("::").next().is_some_and(&is_hidden)) {
            found.insert((place(item), name(item), path));
        }
    }
    let finding = |(place, name, path)| Finding::fail(place, format!("{member}: `{name}` shows `{path}`"));
    Ok(found.into_iter().map(finding).collect())
}

/// An implementation that nobody wrote: of an auto trait, or of a trait for all types.
fn is_added(item: &Value) -> bool {
    let implementation = &item["inner"]["impl"];
    !implementation["blanket_impl"].is_null() || implementation["is_synthetic"] == Value::Bool(true)
}

fn items(item: &Value) -> Vec<String> {
    item["inner"]["impl"]["items"].as_array().into_iter().flatten().map(Value::to_string).collect()
}

/// The full paths of all types and traits that stand in a value, and the sources of re-exports.
fn collect(value: &Value, document: &Value, paths: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            if let (Some(text), Some(id)) = (object.get("path").and_then(Value::as_str), object.get("id")) {
                paths.push(resolved(text, id, document));
            }
            if let (Some(source), true) = (object.get("source").and_then(Value::as_str), object.contains_key("is_glob"))
            {
                paths.push(object.get("id").map_or_else(|| source.to_owned(), |id| resolved(source, id, document)));
            }
            object.values().for_each(|value| collect(value, document, paths));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, document, paths)),
        _ => {}
    }
}

/// The path of an item where it was made; as it is written, where rustdoc does not tell.
fn resolved(text: &str, id: &Value, document: &Value) -> String {
    let path = document["paths"][id.to_string()]["path"].as_array();
    let words: Vec<&str> = path.into_iter().flatten().filter_map(Value::as_str).collect();
    if words.is_empty() { text.to_owned() } else { words.join("::") }
}

fn place(item: &Value) -> String {
    let span = &item["span"];
    format!("{}:{}", span["filename"].as_str().unwrap_or("?"), span["begin"][0].as_u64().unwrap_or_default())
}

/// Its name; of an implementation the trait.
fn name(item: &Value) -> String {
    let of_trait = &item["inner"]["impl"]["trait"]["path"];
    let name = item["name"].as_str().map(str::to_owned);
    name.or_else(|| of_trait.as_str().map(|path| format!("impl {path}"))).unwrap_or_else(|| "pub use".to_owned())
}
