//! `tradewind exchange account`: accounts, their money and their keys.

use std::path::Path;

use exchange_host::admin::{Amount, Reply, Request};
use serde_json::{Value, json};

use super::{Way, unexpected};
use crate::cli::{Account, Key, Output};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, note, table};

/// Carries out one command.
pub(super) fn run(config: &Config, command: &Account) -> Result<(), Failure> {
    match command {
        Account::Create { name, funds, public_key, output } => {
            let public_key = public_key.as_deref().map(read_key).transpose()?;
            let request = Request::AccountCreate { name: name.clone(), fund: amounts(funds)?, public_key };
            show_key(Way::open(config)?.ask(&request)?, *output)
        }
        Account::List(output) => list(config, *output),
        Account::Fund { name, funds, output } => {
            let request = Request::AccountFund { name: name.clone(), fund: amounts(funds)? };
            let Reply::Account(account) = Way::open(config)?.ask(&request)? else { return Err(unexpected()) };
            let account = json!(account);
            if output.json {
                answer(json!({ "v": 1, "account": account }));
            } else {
                answer(format!("{name} has {}", holdings(&account)));
            }
            Ok(())
        }
        Account::Revoke { name, key, output } => {
            let request = Request::AccountRevoke { name: name.clone(), api_key: key.clone() };
            let Reply::Revoked { keys } = Way::open(config)?.ask(&request)? else { return Err(unexpected()) };
            if output.json {
                answer(json!({ "v": 1, "name": name, "keys": keys }));
            } else {
                answer(format!("{keys} API key(s) of {name} are void; its money and orders stay"));
            }
            Ok(())
        }
        Account::Key(Key::Add { name, public_key, read_only, output }) => {
            let (name, read_only, label) = (name.clone(), *read_only, String::new());
            let request = match public_key.as_deref().map(read_key).transpose()? {
                None => Request::KeyCreate { name, read_only, label },
                Some(public_key) => Request::KeyAdd { name, public_key, read_only, label },
            };
            show_key(Way::open(config)?.ask(&request)?, *output)
        }
    }
}

/// Prints a new key: the one time that its secret is shown.
fn show_key(reply: Reply, output: Output) -> Result<(), Failure> {
    let (name, api_key, secret) = match reply {
        Reply::Key(key) => (key.name, key.api_key, Some(key.secret)),
        Reply::PublicKey { name, api_key } => (name, api_key, None),
        _ => return Err(unexpected()),
    };
    if output.json {
        answer(match secret {
            Some(secret) => json!({ "name": name, "api_key": api_key, "secret": secret }),
            None => json!({ "name": name, "api_key": api_key }),
        });
        return Ok(());
    }
    let mut rows = vec![vec!["account".to_owned(), name], vec!["API key".to_owned(), api_key]];
    rows.extend(secret.iter().map(|secret| vec!["secret".to_owned(), secret.clone()]));
    answer(table(&rows));
    if secret.is_some() {
        note("The secret is not shown again.");
    }
    Ok(())
}

fn list(config: &Config, output: Output) -> Result<(), Failure> {
    let accounts = all_accounts(config)?;
    if output.json {
        answer(json!({ "v": 1, "accounts": accounts }));
        return Ok(());
    }
    let mut rows = vec![["id", "name", "kind", "keys", "holds"].map(String::from).to_vec()];
    for account in &accounts {
        let kind = if account["simulated"] == true { "simulated" } else { "customer" };
        let keys = account["keys"].as_array().map_or(0, Vec::len).to_string();
        let name = account["name"].as_str().unwrap_or_default().to_owned();
        rows.push(vec![account["id"].to_string(), name, kind.to_owned(), keys, holdings(account)]);
    }
    answer(table(&rows));
    Ok(())
}

/// All pages of accounts.
fn all_accounts(config: &Config) -> Result<Vec<Value>, Failure> {
    let (mut accounts, mut after) = (Vec::new(), None);
    let mut way = Way::open(config)?;
    loop {
        let Reply::Accounts { accounts: page, more } = way.ask_more(&Request::AccountList { after })? else {
            return Err(unexpected());
        };
        after = page.last().map(|account| account.id);
        accounts.extend(page.iter().map(|account| json!(account)));
        if !more {
            way.leave();
            return Ok(accounts);
        }
    }
}

/// `BTC 5, USDT 100000 (2000 locked)`.
fn holdings(account: &Value) -> String {
    let text = |balance: &Value, key: &str| short(balance[key].as_str().unwrap_or_default()).to_owned();
    let one = |balance: &Value| {
        let (asset, available, locked) =
            (text(balance, "asset"), text(balance, "available"), text(balance, "locked"));
        if locked == "0" {
            format!("{asset} {available}")
        } else {
            format!("{asset} {available} (+ {locked} locked)")
        }
    };
    let all: Vec<String> = account["balances"].as_array().into_iter().flatten().map(one).collect();
    if all.is_empty() { "nothing".into() } else { all.join(", ") }
}

/// A decimal without the zeros that say nothing.
fn short(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// `ASSET=AMOUNT` texts.
fn amounts(texts: &[String]) -> Result<Vec<Amount>, Failure> {
    let one = |text: &String| {
        let parts = text.split_once('=').filter(|(asset, amount)| !asset.is_empty() && !amount.is_empty());
        let (asset, amount) = parts.ok_or_else(|| {
            let failure = Failure::new(Exit::Usage, format!("\"{text}\" is no amount of an asset"));
            failure.advise("write it like USDT=100000")
        })?;
        Ok(Amount { asset: asset.to_ascii_uppercase(), amount: amount.to_owned() })
    };
    texts.iter().map(one).collect()
}

fn read_key(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::new(Exit::Usage, format!("cannot read the public key {}", path.display())).because(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_or_refused_as_wrong_usage() {
        let read = |text: &str| amounts(&[text.to_owned()]);
        assert_eq!(read("usdt=1.50").unwrap(), [Amount { asset: "USDT".into(), amount: "1.50".into() }]);
        for bad in ["USDT", "USDT=", "=5", ""] {
            assert_eq!(read(bad).unwrap_err().exit, Exit::Usage, "{bad}");
        }
    }

    #[test]
    fn holdings_read_well() {
        let account = json!({ "balances": [
            { "asset": "BTC", "available": "5.00000000", "locked": "0.00000000" },
            { "asset": "USDT", "available": "100.50000000", "locked": "2000.00000000" },
        ]});
        assert_eq!(holdings(&account), "BTC 5, USDT 100.5 (+ 2000 locked)");
        assert_eq!(holdings(&json!({ "balances": [] })), "nothing");
    }
}
