//! The templates: starting sounds that a request may name.

use actix_web::{HttpRequest, HttpResponse, web};
use songwalker_generator::templates;
use songwalker_schemas::wire::{Page, TemplateSummary};
use songwalker_schemas::{Category, MacroTemplate};

use super::Answer;
use crate::conditional;
use crate::error::ApiError;
use crate::query::Query;

/// List templates
#[utoipa::path(get, path = "/v1/templates", tag = "templates", operation_id = "listTemplates",
    params(("category" = Option<Category>, Query, description = "Of this category only.")),
    responses(
        (status = 200, description = "All of them, category by category.", body = Page<TemplateSummary>, headers(("ETag" = String, description = "Names this answer."))),
        (status = 304, description = "As it was: `If-None-Match` names it."),
    ))]
pub async fn list(request: HttpRequest) -> Answer {
    let mut query = Query::of(&request, &["category"]);
    let category = query.word("category", Category::NAMES, Category::from_name);
    let category = query.done(category)?;
    let items = templates::all()
        .filter(|template| category.is_none_or(|category| template.category == category))
        .map(summary)
        .collect();
    let page = Page {
        items,
        next_cursor: None,
    };
    conditional::json(request.headers(), HttpResponse::Ok(), &page)
}

fn summary(template: &MacroTemplate) -> TemplateSummary {
    TemplateSummary {
        id: template.id.clone(),
        name: template.name.clone(),
        category: template.category,
        subcategory: template.subcategory.clone(),
        version: template.version,
        description: template.description.clone(),
        knobs: template.roles.iter().map(|role| role.label.clone()).collect(),
    }
}

/// Look at a template
#[utoipa::path(get, path = "/v1/templates/{id}", tag = "templates", operation_id = "getTemplate",
    params(("id" = String, Path, description = "The template.", pattern = "^[a-z0-9_]{1,64}$", example = "pad_warm")),
    responses(
        (status = 200, description = "The template, a MacroTemplate.", body = Object, content_type = "application/json", headers(("ETag" = String, description = "Names this answer."))),
        (status = 304, description = "As it was: `If-None-Match` names it."),
    ))]
pub async fn show(request: HttpRequest, id: web::Path<String>) -> Answer {
    let entry = templates::by_id(&id).ok_or_else(|| ApiError::not_found("template"))?;
    conditional::json(request.headers(), HttpResponse::Ok(), &entry.template)
}
