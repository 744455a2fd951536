//! Full text over descriptions and desensitized texts.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

use emrshare_codec::RecordIndex;
use jieba_rs::{Jieba, TokenizeMode};
use tantivy::{
    Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, Term,
    collector::{Count, TopDocs},
    query::{AllQuery, BooleanQuery, Occur, Query, TermQuery},
    schema::{
        Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value,
    },
    tokenizer::{Token, TokenStream, Tokenizer},
};

use crate::SearchError;

const WRITER_MEMORY: usize = 32 * 1024 * 1024;
const TOKENIZER: &str = "chinese_english";

/// What is searched of a record.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// Disease types, as people read them.
    pub diseases: String,
    /// The institution that collected it.
    pub institution: String,
    /// Date of collection, as far as the desensitized file tells it.
    pub collected: String,
    /// Desensitized text.
    pub text: String,
}

/// A record that was found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Its index.
    pub index: RecordIndex,
    /// Disease types.
    pub diseases: String,
    /// The institution.
    pub institution: String,
    /// Date of collection.
    pub collected: String,
    /// How well it fits; comparable within one answer only.
    pub score: f32,
}

/// The index in a folder.
pub struct SearchIndex {
    reader: IndexReader,
    /// None once it is closed.
    writer: Mutex<Option<IndexWriter>>,
    fields: Fields,
}

struct Fields {
    index: Field,
    diseases: Field,
    institution: Field,
    collected: Field,
    text: Field,
}

impl SearchIndex {
    /// Whether `folder` holds an index; [`open`](Self::open) would make an empty one if not.
    #[must_use]
    pub fn is_in(folder: impl AsRef<Path>) -> bool {
        let directory = tantivy::directory::MmapDirectory::open(folder);
        directory.is_ok_and(|directory| Index::exists(&directory).unwrap_or(true))
    }

    /// Opens or makes the index in `folder`.
    ///
    /// # Errors
    /// [`SearchError`] if the folder cannot be used or holds something else.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, SearchError> {
        let (schema, fields) = schema();
        std::fs::create_dir_all(&folder).map_err(tantivy::TantivyError::from)?;
        let directory = tantivy::directory::MmapDirectory::open(&folder)
            .map_err(tantivy::TantivyError::from)?;
        let index = Index::open_or_create(directory, schema)?;
        index.tokenizers().register(TOKENIZER, Words);
        let writer = index.writer_with_num_threads(1, WRITER_MEMORY)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { reader, writer: Mutex::new(Some(writer)), fields })
    }

    /// Replaces what is known of records, or removes those with `None`, and makes it visible.
    ///
    /// # Errors
    /// [`SearchError`], also once the index is [closed](Self::close).
    pub fn update(&self, changes: &[(RecordIndex, Option<Document>)]) -> Result<(), SearchError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = || tantivy::TantivyError::SystemError("the index is closed".into());
        let writer = writer.as_mut().ok_or_else(closed)?;
        for (index, document) in changes {
            let name = index.to_string();
            writer.delete_term(Term::from_field_text(self.fields.index, &name));
            if let Some(document) = document {
                let mut stored = TantivyDocument::default();
                stored.add_text(self.fields.index, &name);
                stored.add_text(self.fields.diseases, &document.diseases);
                stored.add_text(self.fields.institution, &document.institution);
                stored.add_text(self.fields.collected, &document.collected);
                stored.add_text(self.fields.text, &document.text);
                writer.add_document(stored)?;
            }
        }
        writer.commit()?;
        self.reader.reload()?;
        Ok(())
    }

    /// Ends all work on the folder's files, so that another can open it; searching goes on. Waits for
    /// updates and merges that are under way.
    ///
    /// # Errors
    /// [`SearchError`] if a merge failed.
    pub fn close(&self) -> Result<(), SearchError> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(writer.map_or(Ok(()), IndexWriter::wait_merging_threads)?)
    }

    /// The best records that hold all words of `query`, and how many there are in all; an empty
    /// query finds everything.
    ///
    /// # Errors
    /// [`SearchError`].
    pub fn search(&self, query: &str, limit: usize) -> Result<(Vec<Hit>, usize), SearchError> {
        let searcher = self.reader.searcher();
        let query = self.query(query);
        let collector = (TopDocs::with_limit(limit.max(1)).order_by_score(), Count);
        let (top, total) = searcher.search(&query, &collector)?;
        let mut hits = Vec::with_capacity(top.len());
        for (score, address) in top.into_iter().take(limit) {
            let stored: TantivyDocument = searcher.doc(address)?;
            let text = |field| {
                let value = stored.get_first(field).and_then(|value| value.as_str());
                value.unwrap_or_default().to_owned()
            };
            if let Ok(index) = text(self.fields.index).parse() {
                hits.push(Hit {
                    index,
                    diseases: text(self.fields.diseases),
                    institution: text(self.fields.institution),
                    collected: text(self.fields.collected),
                    score,
                });
            }
        }
        Ok((hits, total))
    }

    /// Every word must stand in one of the fields.
    fn query(&self, text: &str) -> Box<dyn Query> {
        let fields = [
            self.fields.text,
            self.fields.diseases,
            self.fields.institution,
            self.fields.collected,
        ];
        let words = words(text).into_iter().map(|(_, _, word)| {
            let alternatives = fields.iter().map(|field| {
                let term = Term::from_field_text(*field, &word);
                let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
                (Occur::Should, Box::new(query) as Box<dyn Query>)
            });
            let any = BooleanQuery::new(alternatives.collect());
            (Occur::Must, Box::new(any) as Box<dyn Query>)
        });
        let words: Vec<_> = words.collect();
        if words.is_empty() { Box::new(AllQuery) } else { Box::new(BooleanQuery::new(words)) }
    }
}

impl std::fmt::Debug for SearchIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SearchIndex").finish_non_exhaustive()
    }
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(TOKENIZER)
        .set_index_option(IndexRecordOption::WithFreqs);
    let searched = TextOptions::default().set_indexing_options(indexing);
    let shown = searched.clone().set_stored();
    let fields = Fields {
        index: schema.add_text_field("index", STRING | STORED),
        diseases: schema.add_text_field("diseases", shown.clone()),
        institution: schema.add_text_field("institution", shown.clone()),
        collected: schema.add_text_field("collected", shown),
        text: schema.add_text_field("text", searched),
    };
    (schema.build(), fields)
}

/// Splits text into words: Chinese by dictionary, the rest at what is neither letter nor digit.
#[derive(Clone)]
struct Words;

struct WordStream {
    words: std::vec::IntoIter<(usize, usize, String)>,
    token: Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream {
        let token = Token { position: usize::MAX, ..Token::default() };
        WordStream { words: words(text).into_iter(), token }
    }
}

impl TokenStream for WordStream {
    fn advance(&mut self) -> bool {
        let Some((from, to, text)) = self.words.next() else { return false };
        self.token = Token {
            offset_from: from,
            offset_to: to,
            position: self.token.position.wrapping_add(1),
            text,
            position_length: 1,
        };
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

/// Byte range and lower-case text of each word.
fn words(text: &str) -> Vec<(usize, usize, String)> {
    static JIEBA: std::sync::LazyLock<Jieba> = std::sync::LazyLock::new(Jieba::new);
    let is_word = |word: &str| word.chars().any(char::is_alphanumeric);
    JIEBA
        .tokenize(text, TokenizeMode::Search, false)
        .into_iter()
        .filter(|token| is_word(token.word))
        .map(|token| (token.byte_start, token.byte_end, token.word.to_lowercase()))
        .collect()
}
