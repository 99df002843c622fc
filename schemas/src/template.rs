//! MacroTemplate v1: a hand-made starting sound and what its eight knobs do.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::choice::choice;
use crate::intent::Invariant;
use crate::table::Described;
use crate::{Category, Faults, PatchSpec, patch::RoleId};

choice! {
    /// How a knob's way is felt.
    BehaviorCurve {
        /// Even.
        Linear = "linear",
        /// Fast, then slow.
        Log = "log",
        /// Slow, then fast.
        Exp = "exp",
    }
}

choice! {
    /// How a value is compared.
    Comparison {
        /// Equal.
        Eq = "eq",
        /// Not equal.
        Ne = "ne",
        /// At least.
        Ge = "ge",
        /// At most.
        Le = "le",
    }
}

/// How a knob behaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behavior {
    /// How its way is felt.
    pub curve: BehaviorCurve,
    /// Whether the knob's centre is the default.
    pub bipolar: bool,
    /// Number of positions, 0 for none.
    pub steps: u32,
}

/// One parameter that a role moves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleTarget {
    /// JSON Pointer into the base patch.
    pub path: String,
    /// Share of the raw range over the knob's whole way, −1..1.
    pub amount: f64,
    /// Least value of the parameter, in its unit.
    pub min: f64,
    /// Greatest value of the parameter, in its unit.
    pub max: f64,
    /// Bend of the way, −10..10.
    pub curve: f64,
    /// Share of the role's effect, 0..1, when several targets are traded off.
    pub weight: f64,
}

/// A condition on the patch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predicate {
    /// JSON Pointer to a parameter.
    pub pointer: String,
    /// How it is compared.
    pub op: Comparison,
    /// With what: choices by index, flags 0 or 1.
    pub value: f64,
}

impl Predicate {
    /// Whether it holds in a patch; false where the pointer dangles.
    #[must_use]
    pub fn holds(&self, patch: &PatchSpec) -> bool {
        patch.get(&self.pointer).is_some_and(|x| match self.op {
            Comparison::Eq => x == self.value,
            Comparison::Ne => x != self.value,
            Comparison::Ge => x >= self.value,
            Comparison::Le => x <= self.value,
        })
    }
}

/// What a role needs, forbids and keeps.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constraints {
    /// What must hold in the base patch.
    pub requires: Vec<Predicate>,
    /// What must not.
    pub forbids: Vec<Predicate>,
    /// What the knob may never break.
    pub invariants: Vec<Invariant>,
}

/// One of the eight roles of a template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Which.
    pub role_id: RoleId,
    /// What is written on the knob.
    pub label: String,
    /// Where the base patch sounds as written, 0..1.
    pub default: f64,
    /// Lowest position.
    pub min: f64,
    /// Highest position.
    pub max: f64,
    /// How it behaves.
    pub behavior: Behavior,
    /// What it moves.
    pub targets: Vec<RoleTarget>,
    /// What it needs, forbids and keeps.
    pub constraints: Constraints,
    /// Roles that must not move a shared target the same way.
    pub conflicts: Vec<RoleId>,
}

/// A template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MacroTemplate {
    /// Always "1.0".
    pub schema_version: String,
    /// Its id, snake_case.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What kind of instrument it is.
    pub category: Category,
    /// Finer kind, open.
    pub subcategory: Option<String>,
    /// Counts up with every change.
    pub version: u32,
    /// One sentence: what it sounds like.
    pub description: String,
    /// Exactly eight, each role once.
    pub roles: Vec<Role>,
    /// The sound with every knob at its default.
    pub base: PatchSpec,
}

impl MacroTemplate {
    /// Every fault of this template.
    ///
    /// # Errors
    /// Every fault with its pointer.
    pub fn check(&self) -> Result<(), Faults> {
        Self::from_value(serde_json::to_value(self).unwrap_or(Value::Null)).map(|_| ())
    }

    /// Reads a template from parsed JSON.
    ///
    /// # Errors
    /// Every fault with its pointer.
    pub fn from_value(value: Value) -> Result<Self, Faults> {
        let mut faults = Faults::new();
        crate::structure::check(&value, crate::json_schema::template(), &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        match serde_json::from_value::<Self>(value) {
            Ok(template) => {
                crate::rules::check_template(&template, &mut faults);
                faults.into_result(template)
            }
            Err(error) => {
                faults.push("", error.to_string());
                Err(faults)
            }
        }
    }
}

impl Described for MacroTemplate {
    fn schema() -> Value {
        let unit = json!({ "type": "number", "minimum": 0, "maximum": 1 });
        let pointer = json!({ "type": "string", "pattern": "^(/[a-z0-9_]+)+$", "maxLength": 128 });
        let predicates = json!({ "type": "array", "maxItems": 16, "items": { "type": "object", "additionalProperties": false,
            "required": ["pointer", "op", "value"],
            "properties": { "pointer": pointer, "op": Comparison::schema(), "value": { "type": "number" } } } });
        json!({
            "type": "object", "additionalProperties": false,
            "required": ["schema_version", "id", "name", "category", "subcategory", "version", "description", "roles", "base"],
            "properties": {
                "schema_version": { "const": "1.0" },
                "id": { "type": "string", "pattern": "^[a-z0-9_]{1,64}$" },
                "name": crate::text::name_schema(),
                "category": Category::schema(),
                "subcategory": { "type": ["string", "null"], "pattern": "^[a-z0-9_]{1,32}$" },
                "version": { "type": "integer", "minimum": 1, "maximum": 1_000_000 },
                "description": { "type": "string", "minLength": 1, "maxLength": 280 },
                "roles": { "type": "array", "minItems": 8, "maxItems": 8, "items": {
                    "type": "object", "additionalProperties": false,
                    "required": ["role_id", "label", "default", "min", "max", "behavior", "targets", "constraints", "conflicts"],
                    "properties": {
                        "role_id": { "enum": RoleId::GENERATED.map(RoleId::name) },
                        "label": { "type": "string", "minLength": 1, "maxLength": 48 },
                        "default": unit, "min": unit, "max": unit,
                        "behavior": { "type": "object", "additionalProperties": false, "required": ["curve", "bipolar", "steps"],
                            "properties": { "curve": BehaviorCurve::schema(), "bipolar": { "type": "boolean" }, "steps": { "type": "integer", "minimum": 0, "maximum": 128 } } },
                        "targets": { "type": "array", "maxItems": crate::limits::MAX_MACRO_TARGETS, "items": {
                            "type": "object", "additionalProperties": false, "required": ["path", "amount", "min", "max", "curve", "weight"],
                            "properties": { "path": pointer, "amount": { "type": "number", "minimum": -1, "maximum": 1 },
                                "min": { "type": "number" }, "max": { "type": "number" },
                                "curve": { "type": "number", "minimum": -10, "maximum": 10 }, "weight": unit } } },
                        "constraints": { "type": "object", "additionalProperties": false, "required": ["requires", "forbids", "invariants"],
                            "properties": { "requires": predicates, "forbids": predicates,
                                "invariants": { "type": "array", "maxItems": 16, "items": Invariant::schema() } } },
                        "conflicts": { "type": "array", "maxItems": 7, "items": { "enum": RoleId::GENERATED.map(RoleId::name) } }
                    } } },
                "base": PatchSpec::schema()
            }
        })
    }
}
