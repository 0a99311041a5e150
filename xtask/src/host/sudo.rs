//! Commands as root.

use std::process::Command;

use anyhow::{Result, ensure};

use super::{Host, command_line::named};

/// The command through sudo, for a user who is not root; an error where there
/// is none.
pub(super) fn sudo(why: &str, command: &Command) -> Result<Command> {
    ensure!(
        Host::find_program("sudo").is_some(),
        "'{}' needs root ({why}), and 'sudo' is not installed: run it as root, then try again",
        named(command)
    );
    Ok(with_sudo(command))
}

/// The command through sudo. Sudo drops the environment, so what the command
/// sets goes through `env`.
fn with_sudo(command: &Command) -> Command {
    let mut sudo = Command::new("sudo");
    sudo.arg("--");
    let mut set = command
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)))
        .peekable();
    if set.peek().is_some() {
        sudo.arg("env");
        for (name, value) in set {
            let mut pair = name.to_owned();
            pair.push("=");
            pair.push(value);
            sudo.arg(pair);
        }
    }
    sudo.arg(command.get_program()).args(command.get_args());
    if let Some(dir) = command.get_current_dir() {
        sudo.current_dir(dir);
    }
    sudo
}

#[cfg(test)]
mod tests {
    use super::{super::command_line::shown, *};

    #[test]
    fn sudo_keeps_the_environment_that_the_command_sets() {
        let mut command = Command::new("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env_remove("LANG")
            .args(["install", "x"]);
        assert_eq!(
            shown(&with_sudo(&command)),
            "sudo -- env DEBIAN_FRONTEND=noninteractive apt-get install x"
        );
        assert_eq!(
            shown(&with_sudo(Command::new("ls").arg("/root"))),
            "sudo -- ls /root"
        );
    }
}
