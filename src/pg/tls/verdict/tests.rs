use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use super::*;

const SHOWN: &[u8] = b"a certificate";

fn question() -> Question {
    Question {
        host: "db".into(),
        port: 5432,
        address: None,
        timeout_ms: 1000,
    }
}

fn verdict_on(certificate: &[u8], valid_for: Duration) -> Verdict {
    Verdict::Certificate {
        fingerprint: super::fingerprint(certificate),
        not_after: SystemTime::now() + valid_for,
    }
}

fn accepted() -> Verdict {
    verdict_on(SHOWN, Duration::from_secs(3600))
}

/// Answers with these verdicts, the last one again and again; counts the questions.
fn answering(answers: Vec<Verdict>) -> (Verdicts, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let judge = {
        let asked = Arc::clone(&asked);
        move |_| {
            let index = asked.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
            let answer = answers[index].clone();
            Box::pin(async move {
                tokio::task::yield_now().await;
                Ok(answer)
            }) as _
        }
    };
    (Verdicts::new(Box::new(judge)), asked)
}

#[tokio::test(start_paused = true)]
async fn a_verdict_holds_for_a_while() {
    let (verdicts, asked) = answering(vec![accepted()]);
    for _ in 0..3 {
        verdicts
            .check(&question(), super::fingerprint(SHOWN))
            .await
            .unwrap();
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    tokio::time::advance(VERDICT_LIFETIME).await;
    verdicts
        .check(&question(), super::fingerprint(SHOWN))
        .await
        .unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn connections_that_are_made_at_the_same_time_ask_once() {
    let (verdicts, asked) = answering(vec![accepted()]);
    let question = question();
    let shown = super::fingerprint(SHOWN);
    let both = tokio::join!(verdicts.check(&question, shown), verdicts.check(&question, shown));
    assert!(both.0.is_ok() && both.1.is_ok());
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn another_certificate_and_another_host_are_judged_anew() {
    let new = verdict_on(b"a new one", Duration::from_secs(3600));
    let (verdicts, asked) = answering(vec![accepted(), new, accepted()]);
    verdicts
        .check(&question(), super::fingerprint(SHOWN))
        .await
        .unwrap();
    verdicts
        .check(&question(), super::fingerprint(b"a new one"))
        .await
        .unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    let elsewhere = Question {
        host: "other".into(),
        ..question()
    };
    verdicts
        .check(&elsewhere, super::fingerprint(SHOWN))
        .await
        .unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_pg_does_not_see_is_refused() {
    let (verdicts, asked) = answering(vec![verdict_on(b"the real one", Duration::from_secs(3600))]);
    let error = verdicts
        .check(&question(), super::fingerprint(SHOWN))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("not the one that pg verified"),
        "{error}"
    );
    assert!(error.is_retryable());
    assert_eq!(asked.load(Ordering::Relaxed), MAX_QUESTIONS);
}

#[tokio::test(start_paused = true)]
async fn behind_one_address_there_can_be_several_servers() {
    let other = verdict_on(b"of another server", Duration::from_secs(3600));
    let (verdicts, _) = answering(vec![other, accepted()]);
    verdicts
        .check(&question(), super::fingerprint(SHOWN))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_expired_certificate_is_not_accepted_again() {
    let expired = Verdict::Certificate {
        fingerprint: super::fingerprint(SHOWN),
        not_after: SystemTime::now() - Duration::from_secs(1),
    };
    let (verdicts, _) = answering(vec![expired]);
    assert!(verdicts
        .check(&question(), super::fingerprint(SHOWN))
        .await
        .is_err());
}

#[tokio::test(start_paused = true)]
async fn any_certificate_will_do_where_none_would_be_refused() {
    let (verdicts, asked) = answering(vec![Verdict::Any]);
    for certificate in [SHOWN, b"another", b"a third"] {
        verdicts
            .check(&question(), super::fingerprint(certificate))
            .await
            .unwrap();
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    tokio::time::advance(VERDICT_LIFETIME).await;
    verdicts
        .check(&question(), super::fingerprint(SHOWN))
        .await
        .unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_is_bounded() {
    let answers: Vec<_> = (0..=MAX_KNOWN + 10)
        .map(|number| verdict_on(number.to_string().as_bytes(), Duration::from_secs(3600)))
        .collect();
    let count = answers.len();
    let (verdicts, _) = answering(answers);
    for number in 0..count {
        verdicts
            .check(&question(), super::fingerprint(number.to_string().as_bytes()))
            .await
            .unwrap();
    }
    assert_eq!(verdicts.lock()["db"].len(), MAX_KNOWN);
}
