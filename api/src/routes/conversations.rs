//! `/v1/stores/{store}/conversations/{conversation}`: what agents read and do about a conversation.

use crate::{
    app::App,
    auth::AgentCaller,
    body::JsonBody,
    db::ownership::{From, Move, Moved, PersonSaid},
    error::{ApiError, Problem},
    routes::refusals::{BadField, NoKey, NotTheAgents},
    wire::{ConversationView, MoveRequest, PersonMessage},
};
use axum::{
    Json,
    extract::{Path, State},
};
use engine::{AgentPass, ConversationId};

type At = Path<(String, String)>;

/// A conversation with all that was said in it. Needs an agent's key.
#[utoipa::path(
    get,
    path = "/v1/stores/{store}/conversations/{conversation}",
    tag = "conversations",
    params(
        ("store" = String, Path, description = "Name of the store"),
        ("conversation" = String, Path, description = "Id of the conversation"),
    ),
    responses(
        (status = 200, description = "The conversation", body = ConversationView),
        NoKey,
        NotTheAgents,
    ),
    security(("key" = []))
)]
pub async fn read(
    State(app): State<App>,
    caller: AgentCaller,
    Path(at): At,
) -> Result<Json<ConversationView>, ApiError> {
    view(&app, caller.pass()?, &ConversationId(at.1)).await
}

/// A person speaks from now on: no reply of the bot's is given out any more, also none that is being made.
#[utoipa::path(
    post,
    path = "/v1/stores/{store}/conversations/{conversation}/take-over",
    tag = "conversations",
    params(
        ("store" = String, Path, description = "Name of the store"),
        ("conversation" = String, Path, description = "Id of the conversation"),
    ),
    request_body = MoveRequest,
    responses(
        (status = 200, description = "The conversation as it is now", body = ConversationView),
        BadField,
        NoKey,
        NotTheAgents,
    ),
    security(("key" = []))
)]
pub async fn take_over(
    State(app): State<App>,
    caller: AgentCaller,
    Path(at): At,
    JsonBody(request): JsonBody<MoveRequest>,
) -> Result<Json<ConversationView>, ApiError> {
    moved(&app, caller.pass()?, ConversationId(at.1), Move::TakeOver, request).await
}

/// The bot speaks again, and knows what was said meanwhile.
#[utoipa::path(
    post,
    path = "/v1/stores/{store}/conversations/{conversation}/give-back",
    tag = "conversations",
    params(
        ("store" = String, Path, description = "Name of the store"),
        ("conversation" = String, Path, description = "Id of the conversation"),
    ),
    request_body = MoveRequest,
    responses(
        (status = 200, description = "The conversation as it is now", body = ConversationView),
        BadField,
        NoKey,
        NotTheAgents,
        (status = 409, description = "It is resolved", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn give_back(
    State(app): State<App>,
    caller: AgentCaller,
    Path(at): At,
    JsonBody(request): JsonBody<MoveRequest>,
) -> Result<Json<ConversationView>, ApiError> {
    moved(&app, caller.pass()?, ConversationId(at.1), Move::GiveBack, request).await
}

/// It is done, and so are the handoffs that it waited for. The customer's next message opens it anew, and nothing that
/// was said before is known then.
#[utoipa::path(
    post,
    path = "/v1/stores/{store}/conversations/{conversation}/resolve",
    tag = "conversations",
    params(
        ("store" = String, Path, description = "Name of the store"),
        ("conversation" = String, Path, description = "Id of the conversation"),
    ),
    request_body = MoveRequest,
    responses(
        (status = 200, description = "The conversation as it is now", body = ConversationView),
        BadField,
        NoKey,
        NotTheAgents,
    ),
    security(("key" = []))
)]
pub async fn resolve(
    State(app): State<App>,
    caller: AgentCaller,
    Path(at): At,
    JsonBody(request): JsonBody<MoveRequest>,
) -> Result<Json<ConversationView>, ApiError> {
    moved(&app, caller.pass()?, ConversationId(at.1), Move::Resolve, request).await
}

/// What a person says to the customer. Whoever says it has taken the conversation over before. A channel such as Chatwoot
/// delivers it; a widget reads it with the conversation.
#[utoipa::path(
    post,
    path = "/v1/stores/{store}/conversations/{conversation}/messages",
    tag = "conversations",
    params(
        ("store" = String, Path, description = "Name of the store"),
        ("conversation" = String, Path, description = "Id of the conversation"),
    ),
    request_body = PersonMessage,
    responses(
        (status = 200, description = "The conversation as it is now", body = ConversationView),
        BadField,
        NoKey,
        NotTheAgents,
        (status = 409, description = "Somebody else has the word", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn say(
    State(app): State<App>,
    caller: AgentCaller,
    Path(at): At,
    JsonBody(request): JsonBody<PersonMessage>,
) -> Result<Json<ConversationView>, ApiError> {
    request.check().map_err(ApiError::Invalid)?;
    let (agent, id) = (caller.pass()?, ConversationId(at.1));
    match app.desks.say_as_person(agent, &id, (request.by.trim(), &request.text)).await? {
        PersonSaid::Done => view(&app, agent, &id).await,
        PersonSaid::NoSuchConversation => Err(ApiError::NoSuchConversation),
        PersonSaid::NotTakenOver => Err(ApiError::NotNow("take it over first, under this name")),
    }
}

async fn moved(
    app: &App,
    agent: AgentPass<'_>,
    id: ConversationId,
    wanted: Move,
    request: MoveRequest,
) -> Result<Json<ConversationView>, ApiError> {
    request.check().map_err(ApiError::Invalid)?;
    match app.desks.move_conversation(agent, &id, (wanted, request.by.trim(), From::Here)).await? {
        Moved::Done(..) => view(app, agent, &id).await,
        Moved::NoSuchConversation => Err(ApiError::NoSuchConversation),
        Moved::Not(why) => Err(ApiError::NotNow(why)),
    }
}

async fn view(app: &App, agent: AgentPass<'_>, id: &ConversationId) -> Result<Json<ConversationView>, ApiError> {
    let found = app.desks.conversation(agent, id).await?.ok_or(ApiError::NoSuchConversation)?;
    Ok(Json(ConversationView::new(found.0, found.1)))
}
