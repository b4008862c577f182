//! `tradewind user`: works on the platform's database, beside a running server or without one. A running server honours a
//! change within a second.

use std::io::BufRead as _;
use std::process::ExitCode;

use api::auth::{Passwords, Vault, check_strength};
use api::{KeyRequest, new_api_key};
use serde_json::json;
use store::users::{NewUser, Role};
use store::{Owner, Store, StoreError, Ts, audit, keys, sessions, users};

use crate::cli::User;
use crate::cli::user::Token;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::platform::{open_store, secrets};
use crate::terminal::{answer, note, table};

/// Longest password line read, in bytes.
const LINE_MAX: u64 = 4_096;
/// Users that one page of the database gives.
const PAGE: u32 = 1_000;

/// Carries out one command.
pub(crate) fn run(config: &Config, command: &User) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::new(Exit::Failed, "cannot start threads").because(error))?;
    runtime.block_on(async {
        let store = open_store(config).await?;
        let done = carry_out(&store, command).await;
        store.close().await;
        done
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Makes an API key. The key file of the installation seals its secret, so this works on the machine of the server only.
pub(crate) fn token(config: &Config, command: &Token) -> Result<ExitCode, Failure> {
    let Token::Create { name, label, scopes, networks, days, output } = command;
    let vault = secrets::load(&config.data_dir)?.vault;
    let request = KeyRequest {
        label: label.clone(),
        scopes: scopes.clone(),
        ip_list: networks.clone(),
        expires_in_days: *days,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::new(Exit::Failed, "cannot start threads").because(error))?;
    let (id, secret) = runtime.block_on(async {
        let store = open_store(config).await?;
        let made = make_key(&store, &vault, name, &request).await;
        store.close().await;
        made
    })?;
    if output.json {
        answer(json!({ "v": 1, "id": id, "secret": secret }));
    } else {
        answer(format!("id      {id}\nsecret  {secret}"));
        note(
            "the secret is shown this once; how requests are signed stands in /api/docs and docs/walkthroughs/platform.md",
        );
    }
    Ok(ExitCode::SUCCESS)
}

async fn make_key(
    store: &Store,
    vault: &Vault,
    name: &str,
    request: &KeyRequest,
) -> Result<(String, String), Failure> {
    let user = find(store, name).await?;
    let now = Ts::now();
    let (key, secret) = new_api_key(vault, user.id, request, now)
        .map_err(|problem| Failure::new(Exit::Usage, "this key cannot be made").because(problem.detail))?;
    let note = audit::Note {
        user_id: Some(user.id),
        actor: "operator".to_owned(),
        action: "api_key.create".to_owned(),
        object: key.id.clone(),
        detail: json!({ "label": key.label, "scopes": key.scopes, "ip_list": key.ip_list }).to_string(),
        ..audit::Note::default()
    };
    let id = key.id.clone();
    let added = store.write(move |tx| {
        Box::pin(async move {
            keys::add_api_key(tx, &key).await?;
            audit::append(tx, note, now).await
        })
    });
    added.await.map_err(store_failure)?;
    Ok((id, secret))
}

async fn carry_out(store: &Store, command: &User) -> Result<(), Failure> {
    match command {
        User::Add { name, email, role, password_stdin, output } => {
            let role: Role =
                role.parse().map_err(|why| Failure::new(Exit::Usage, format!("{role:?} {why}")))?;
            let user = add(store, name, email.as_deref(), role, *password_stdin).await?;
            if output.json {
                answer(
                    json!({ "v": 1, "id": user.id.to_string(), "username": user.username, "role": user.role.word() }),
                );
            } else {
                answer(format!("{} may log in as {}", user.username, user.role.word()));
            }
        }
        User::List(output) => list(store, output.json).await?,
        User::ResetPassword { name, password_stdin, output } => {
            let user = find(store, name).await?;
            let hash = hash(read_password(*password_stdin)?, &[&user.username]).await?;
            let id = user.id;
            let done = store.write(move |tx| {
                Box::pin(async move {
                    let now = Ts::now();
                    users::set_password(tx, id, &hash, now).await?;
                    sessions::revoke_all(tx, Owner::of(id), None, "the password was reset", now).await
                })
            });
            let ended = done.await.map_err(store_failure)?.len();
            told(output.json, &user.username, &format!("has a new password; {ended} logins ended"));
        }
        User::TotpReset { name, output } => {
            let user = find(store, name).await?;
            let id = user.id;
            let done = store.write(move |tx| Box::pin(users::set_totp(tx, id, None, Ts::now())));
            done.await.map_err(store_failure)?;
            told(output.json, &user.username, "has no second factor any more");
        }
    }
    Ok(())
}

fn told(json: bool, name: &str, what: &str) {
    if json {
        answer(json!({ "v": 1, "username": name, "done": what }));
    } else {
        answer(format!("{name} {what}"));
    }
}

async fn add(
    store: &Store,
    name: &str,
    email: Option<&str>,
    role: Role,
    password_stdin: bool,
) -> Result<users::User, Failure> {
    let names = api::checked_names(name, email)
        .map_err(|why| Failure::new(Exit::Usage, format!("cannot add {name:?}")).because(why))?;
    let password_hash = hash(read_password(password_stdin)?, &[&names.username]).await?;
    let new = NewUser { username: names.username, email: names.email, password_hash, role };
    let added =
        store.write(move |tx| Box::pin(async move { users::insert(tx, &new, Ts::now()).await })).await;
    added.map_err(store_failure)
}

async fn hash(password: String, names: &[&str]) -> Result<String, Failure> {
    if let Some(why) = check_strength(&password, names) {
        return Err(Failure::new(Exit::Usage, "this password is not accepted").because(why));
    }
    let hashed = Passwords::new(1).hash(password).await;
    hashed.map_err(|error| Failure::new(Exit::Failed, "cannot hash the password").because(error))
}

/// The first line of standard input. A password never stands on the command line, where others could read it.
fn read_password(wanted: bool) -> Result<String, Failure> {
    use std::io::{IsTerminal as _, Read as _};
    if !wanted && std::io::stdin().is_terminal() {
        return Err(Failure::new(Exit::Usage, "a password is needed")
            .advise("give it on standard input: tradewind user add NAME --password-stdin < FILE"));
    }
    let mut line = String::new();
    let mut limited = std::io::BufReader::new(std::io::stdin().lock().take(LINE_MAX));
    limited
        .read_line(&mut line)
        .map_err(|e| Failure::new(Exit::Failed, "cannot read the password").because(e))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

async fn find(store: &Store, name: &str) -> Result<users::User, Failure> {
    let found = users::for_login(&mut store.read(), name).await.map_err(store_failure)?;
    found.ok_or_else(|| {
        Failure::new(Exit::Failed, format!("there is no active user {name:?}")).advise("tradewind user list")
    })
}

async fn list(store: &Store, as_json: bool) -> Result<(), Failure> {
    let mut all = Vec::new();
    loop {
        let after = all.last().map_or_else(String::new, |user: &users::User| user.username.clone());
        let mut page = users::page_of_all(&mut store.read(), &after, PAGE).await.map_err(store_failure)?;
        if page.is_empty() {
            break;
        }
        all.append(&mut page);
    }
    if as_json {
        let rows: Vec<_> = all.iter().map(row).collect();
        answer(json!({ "v": 1, "users": rows }));
        return Ok(());
    }
    let mut rows = vec![["name", "role", "active", "second factor", "e-mail"].map(str::to_owned).to_vec()];
    let yes = |flag| if flag { "yes" } else { "no" }.to_owned();
    rows.extend(all.iter().map(|u| {
        let email = u.email.clone().unwrap_or_default();
        vec![u.username.clone(), u.role.word().to_owned(), yes(u.active), yes(u.totp_sealed.is_some()), email]
    }));
    answer(table(&rows));
    Ok(())
}

fn row(user: &users::User) -> serde_json::Value {
    json!({
        "id": user.id.to_string(),
        "username": user.username,
        "email": user.email,
        "role": user.role.word(),
        "active": user.active,
        "totp": user.totp_sealed.is_some(),
    })
}

fn store_failure(error: StoreError) -> Failure {
    match error {
        StoreError::Taken { what } => Failure::new(Exit::Failed, format!("{what} is already taken")),
        other => Failure::new(Exit::Failed, "the database refused").because(other),
    }
}
