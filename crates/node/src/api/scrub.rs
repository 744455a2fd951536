//! What is stored is read and checked on request.

use axum::{
    Json,
    extract::{Query, State},
};
use emrshare_codec::{Digest, RecordIndex};
use emrshare_ledger::{StateRead as _, key};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Api, auth::Caller, error::ApiError};
use crate::{
    node::Shared,
    scrub::{self, Page},
};

/// What is to be read.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Store {
    /// Desensitized files of all nodes.
    #[default]
    Copies,
    /// Originals of this node, as they are at rest.
    Originals,
    /// Originals that this node has, as the ledger says: those that are not there. Nothing is read.
    Missing,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Copies if it is not said.
    #[serde(default)]
    store: Store,
    /// Only files behind this SHA-256: where the answer before ended.
    after: Option<String>,
}

/// What was read.
#[derive(Serialize, ToSchema)]
pub(crate) struct Scrubbed {
    /// Number of files.
    files: usize,
    /// Those that cannot be read any more, or are not there. Copies are made or fetched again at once.
    damaged: Vec<Damaged>,
    /// Where to go on, if there is more.
    after: Option<String>,
}

/// A file that cannot be read any more, or is not there.
#[derive(Serialize, ToSchema)]
pub(crate) struct Damaged {
    sha256: String,
    /// The records that it is of.
    records: Vec<String>,
}

/// Reads stored files and checks their digests, some of them at a time.
#[utoipa::path(post, path = "/api/v1/scrub", params(Asked), security(("bearer" = [])),
    responses((status = 200, body = Scrubbed), (status = 403, body = ApiError)))]
pub(super) async fn scrub(
    State(shared): Api,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Scrubbed>, ApiError> {
    caller.must_operate()?;
    let after = asked.after.map(|after| after.parse::<Digest>());
    let after = after.transpose().map_err(ApiError::malformed)?;
    let Page { files, damaged, last } = match asked.store {
        Store::Copies => scrub::copies(&shared.files, after).await.map_err(ApiError::local)?,
        Store::Originals => {
            scrub::originals(&shared.originals, after).await.map_err(ApiError::local)?
        }
        Store::Missing => {
            let found = scrub::missing(&shared.originals, &shared.chain, after);
            found.map_err(ApiError::local)?
        }
    };
    let damaged = damaged.into_iter().map(|file| {
        let records =
            records(&shared, asked.store, file)?.iter().map(ToString::to_string).collect();
        Ok(Damaged { sha256: file.to_string(), records })
    });
    let damaged = damaged.collect::<Result<_, ApiError>>()?;
    Ok(Json(Scrubbed { files, damaged, after: last.map(|last| last.to_string()) }))
}

fn records(shared: &Shared, store: Store, file: Digest) -> Result<Vec<RecordIndex>, ApiError> {
    match store {
        Store::Copies => shared.files.records(file).map_err(ApiError::local),
        Store::Originals | Store::Missing => {
            let row = shared.chain.state().get(&key::original(file)).map_err(ApiError::local)?;
            let index = row.map(|row| RecordIndex::from_key(&row)).transpose();
            Ok(index.map_err(ApiError::local)?.into_iter().collect())
        }
    }
}
