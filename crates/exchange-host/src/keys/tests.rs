//! Keys on disk and off. The public keys and their signatures were made with OpenSSL 3 for this test; the private halves were
//! thrown away.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

const PAYLOAD: &[u8] = b"symbol=BTCUSDT&timestamp=1";
const RSA: &str = "-----BEGIN PUBLIC KEY-----\n\
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtpXHEqhe7Fs83pQ6AmiH\n\
    w53eOXK5SgMVEhFJVm1FKdwzgBlYljQOQ7msOXeYtbe5mInqXfYN7KlDAJL0VPVr\n\
    bCC/XuTK0533YXoQjjFn4WI4KX4TNpvxMO1N8vzdx4wP6jk5Llthy4YNmsHbzQsJ\n\
    Wr55uMy+5Hc5v0hTbiVvsSQs66Xxi18aK7xjqI11kz8VYuAHT0g1YbuKpVjYgRNR\n\
    ef4vohwlGKVc+tjM8APjTXPUyjbvaCLHEfhn4I0iefm2Jm+0ayfGdFaTRevs1b8M\n\
    OVKVIJTDJjjowM7m2csAp1vcqT7uiiNO2virsBUavL66a1E85RDda4HJ46VarXlp\n\
    xQIDAQAB\n\
    -----END PUBLIC KEY-----";
const RSA_PKCS1: &str = "-----BEGIN RSA PUBLIC KEY-----\n\
    MIIBCgKCAQEAtpXHEqhe7Fs83pQ6AmiHw53eOXK5SgMVEhFJVm1FKdwzgBlYljQO\n\
    Q7msOXeYtbe5mInqXfYN7KlDAJL0VPVrbCC/XuTK0533YXoQjjFn4WI4KX4TNpvx\n\
    MO1N8vzdx4wP6jk5Llthy4YNmsHbzQsJWr55uMy+5Hc5v0hTbiVvsSQs66Xxi18a\n\
    K7xjqI11kz8VYuAHT0g1YbuKpVjYgRNRef4vohwlGKVc+tjM8APjTXPUyjbvaCLH\n\
    Efhn4I0iefm2Jm+0ayfGdFaTRevs1b8MOVKVIJTDJjjowM7m2csAp1vcqT7uiiNO\n\
    2virsBUavL66a1E85RDda4HJ46VarXlpxQIDAQAB\n\
    -----END RSA PUBLIC KEY-----";
const RSA_SIGNATURE: &str = "c1RsxrqiaDz6gBX90HE3XtXWZqylm0UxowJKF1z2olRNOuQcogsZsFu3R3rjVCR3P7/QAQoX8jQ+cU5JUvryEji4oKbrjzza0lsCISXGCtmwlivBSNC1bjNlQRdDRZqvM1FsL4+bhSntnWALdNNF+ZZ4i4uZP9ncezACtEAFXW7WCC1w/aS41vnhVY7dsrIMaRuNzvRYr7m3I18WkAc1fMff1ntmR2jDezNcIvEs+ls+nCjq3WYAn4QBOQR8zRAAawv9/eEN6bLuqM8niitoCxiD+tPr3/GIJItPtoq+RcIvA3lYL3SOtaQ2heA+qVgCDmkNILk4+KApeDVX3abBNA==";
const ED25519: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEAEjLIv+RipS03u4nVdiVFAOpgupTZ8YzS5J5LoQD/LpE=\n\
    -----END PUBLIC KEY-----";
const ED25519_SIGNATURE: &str =
    "qxfshv2VFoAcomUxLbF06qQaD01zGxEZ3MfLrmNzFUWwocKGwiYEn4aEq2h5LKXLXhtpZNt8Ic2HigYuxpsBBw==";
const RSA_1024: &str = "-----BEGIN PUBLIC KEY-----\n\
    MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDP+JTihpiQDt6iUB34xdOEPomh\n\
    azfDA7N7djbaymZO2Zm+QRVKYEa3njleKokMGPyxZXjjkMOaUqEgDQS3ZM/hKIj+\n\
    SSCXOW/weEk3J03IBipoicwXHpD7pP8AMTVAEnYY1ws2G4hGeWH7V6H7yDga1+Ea\n\
    I2xBFaQ9uwM/f+l10wIDAQAB\n\
    -----END PUBLIC KEY-----";
const P256: &str = "-----BEGIN PUBLIC KEY-----\n\
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEdTJyd0CdOmwIpRxVUwVV57roCVLo\n\
    VRFROcEQVmUUBborXXeyQRqfen2pSFaw38E8PT6DdkEOAJzVkGSKctr68g==\n\
    -----END PUBLIC KEY-----";

fn open(dir: &Path) -> Result<Keys, KeysError> {
    Keys::open(dir, |_, _| true)
}

fn alice() -> AccountName {
    AccountName::new("alice").unwrap()
}

fn grant(account: u32, name: &AccountName) -> Grant<'_> {
    Grant {
        account: AccountId(account),
        account_name: name,
        permissions: Permissions { read: true, trade: false },
        label: "laptop",
    }
}

/// The example of Binance's documentation (rest-api.md, "SIGNED Endpoint Example for POST /api/v3/order").
#[test]
fn binances_own_example_verifies_in_either_case() {
    let secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
    let payload = b"symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559";
    let signature = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71";
    let dir = tempfile::tempdir().unwrap();
    let (keys, name) = (open(dir.path()).unwrap(), alice());
    let api_key = keys.add(&grant(1, &name), Material::Secret(secret.to_owned())).unwrap();
    let record = keys.get(&api_key).unwrap();
    assert!(record.verify(payload, signature));
    assert!(record.verify(payload, &signature.to_uppercase()));
    assert!(!record.verify(b"symbol=LTCBTC", signature));
    for wrong in [
        "",
        "c8",
        &signature[1..],
        &format!("{signature}00"),
        &signature.replace('c', "g"),
        "é".repeat(32).as_str(),
    ] {
        assert!(!record.verify(payload, wrong), "{wrong}");
    }
}

#[test]
fn keys_are_the_same_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (keys, name) = (open(dir.path()).unwrap(), alice());
    let hmac = keys.create_hmac(&grant(1, &name)).unwrap();
    let rsa = keys.add_public(&grant(2, &name), RSA).unwrap();
    let ed25519 = keys.add_public(&grant(2, &name), ED25519).unwrap();
    let text = |s: &str| s.len() == 64 && s.bytes().all(|b| b.is_ascii_alphanumeric());
    assert!(text(&hmac.api_key) && text(&hmac.secret) && text(&rsa) && hmac.api_key != hmac.secret);
    let signer = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, hmac.secret.as_bytes());
    let tag = ring::hmac::sign(&signer, PAYLOAD);
    let hex: String = tag.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    drop(keys);

    let keys = open(dir.path()).unwrap();
    let record = keys.get(&hmac.api_key).unwrap();
    assert_eq!(
        (record.account, record.kind(), record.permissions.trade),
        (AccountId(1), KeyKind::Hmac, false)
    );
    assert_eq!((record.label.as_str(), record.account_name), ("laptop", name));
    assert!(record.verify(PAYLOAD, &hex));
    assert!(keys.get(&rsa).unwrap().verify(PAYLOAD, RSA_SIGNATURE));
    assert!(keys.get(&ed25519).unwrap().verify(PAYLOAD, ED25519_SIGNATURE));
    assert!(!keys.get(&ed25519).unwrap().verify(PAYLOAD, RSA_SIGNATURE));
    assert!(!keys.get(&rsa).unwrap().verify(b"other", RSA_SIGNATURE));
    assert_eq!(keys.of_account(AccountId(2)).len(), 2);
}

#[test]
fn a_revoked_key_is_gone_at_once_and_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let (keys, name) = (open(dir.path()).unwrap(), alice());
    let one = keys.create_hmac(&grant(1, &name)).unwrap();
    let two = keys.create_hmac(&grant(1, &name)).unwrap();
    let other = keys.create_hmac(&grant(2, &name)).unwrap();
    assert!(keys.revoke(&one.api_key).unwrap());
    assert!(!keys.revoke(&one.api_key).unwrap());
    assert!(keys.get(&one.api_key).is_none() && keys.get(&two.api_key).is_some());
    assert_eq!(keys.revoke_account(AccountId(1)).unwrap(), 1);
    let keys = open(dir.path()).unwrap();
    assert!(keys.get(&one.api_key).is_none() && keys.get(&two.api_key).is_none());
    assert!(keys.get(&other.api_key).is_some());
}

#[test]
fn a_key_of_an_account_that_never_came_to_be_is_void() {
    let dir = tempfile::tempdir().unwrap();
    let name = alice();
    let key = open(dir.path()).unwrap().create_hmac(&grant(1, &name)).unwrap();
    assert!(Keys::open(dir.path(), |_, other| *other != name).unwrap().get(&key.api_key).is_none());
}

#[test]
fn secrets_show_up_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let (keys, name) = (open(dir.path()).unwrap(), alice());
    let key = keys.create_hmac(&grant(1, &name)).unwrap();
    let shown = format!("{key:?} {keys:?} {:?}", keys.get(&key.api_key));
    assert!(!shown.contains(&key.secret), "{shown}");
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(64).any(|w| w == key.secret.as_bytes()), "{}", path.display());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
    }
}

#[test]
fn any_changed_byte_of_the_file_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let (keys, name) = (open(dir.path()).unwrap(), alice());
    keys.create_hmac(&grant(1, &name)).unwrap();
    keys.add_public(&grant(2, &name), ED25519).unwrap();
    let path = dir.path().join(KEYS_NAME);
    let good = std::fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(&path, &bad).unwrap();
        assert!(matches!(open(dir.path()), Err(KeysError::Damaged { .. })), "byte {at}");
    }
    for len in 0..good.len() {
        std::fs::write(&path, &good[..len]).unwrap();
        assert!(matches!(open(dir.path()), Err(KeysError::Damaged { .. })), "length {len}");
    }
    std::fs::write(&path, &good).unwrap();
    open(dir.path()).unwrap();
}

#[test]
fn the_master_key_must_be_there_private_and_the_right_one() {
    let dir = tempfile::tempdir().unwrap();
    let name = alice();
    open(dir.path()).unwrap().create_hmac(&grant(1, &name)).unwrap();
    let path = dir.path().join(MASTER_NAME);
    let good = std::fs::read(&path).unwrap();
    for mode in [0o640, 0o604, 0o620, 0o644] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let error = open(dir.path()).unwrap_err();
        assert!(matches!(error, KeysError::MasterMode { mode: found, .. } if found == mode), "{error}");
        assert!(error.to_string().contains(&format!("{mode:04o}")));
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(open(dir.path()), Err(KeysError::MasterMissing { .. })));
    files::replace(&path, &[7; 32]).unwrap();
    assert!(matches!(open(dir.path()), Err(KeysError::Damaged { .. })));
    files::replace(&path, &good[1..]).unwrap();
    assert!(matches!(open(dir.path()), Err(KeysError::Damaged { .. })));
    files::replace(&path, &good).unwrap();
    open(dir.path()).unwrap();
}

#[test]
fn only_sound_public_keys_are_taken() {
    assert_eq!(PublicKey::from_pem(RSA), PublicKey::from_pem(RSA_PKCS1));
    assert_eq!(PublicKey::from_pem(RSA_1024), Err(PublicKeyError::RsaSize { bits: 1024 }));
    assert_eq!(PublicKey::from_pem(P256), Err(PublicKeyError::Algorithm));
    let broken = [
        String::new(),
        "-----BEGIN PUBLIC KEY-----".to_owned(),
        RSA.replace("PUBLIC", "PRIVATE"),
        RSA.replace("MIIB", "MIIC"),
        ED25519.replace("MCow", "MCkw"),
        RSA.replace('\n', "\n!"),
        "x".repeat(PEM_LEN_MAX + 1),
    ];
    for pem in broken {
        assert_eq!(PublicKey::from_pem(&pem), Err(PublicKeyError::Malformed), "{pem}");
    }
}

#[test]
fn an_account_has_a_bounded_number_of_keys() {
    let dir = tempfile::tempdir().unwrap();
    let (keys, name) = (open(dir.path()).unwrap(), alice());
    for _ in 0..KEYS_PER_ACCOUNT_MAX {
        keys.create_hmac(&grant(1, &name)).unwrap();
    }
    assert!(matches!(keys.create_hmac(&grant(1, &name)), Err(KeysError::TooMany { .. })));
    keys.create_hmac(&grant(2, &name)).unwrap();
    let label = "x".repeat(LABEL_LEN_MAX + 1);
    assert!(matches!(keys.create_hmac(&Grant { label: &label, ..grant(3, &name) }), Err(KeysError::Label)));
}
