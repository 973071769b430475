//! `kfra-tui completions SHELL` and `kfra-tui man`: what a shell can know of the program.

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::{Arguments, Error, output};
use crate::tui;

/// Arguments of the subcommand completions.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Completions {
    /// The shell
    shell: clap_complete::Shell,
}

/// Prints a completion script.
///
/// # Errors
/// Where the output cannot be written.
pub(super) fn completions(arguments: &Completions) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "kfra-tui", &mut script);
    Ok(output::print(&String::from_utf8_lossy(&script))?)
}

/// Prints the man page.
///
/// # Errors
/// Where the output cannot be written.
pub(super) fn man() -> Result<(), Error> {
    Ok(output::print(&String::from_utf8_lossy(&page()?))?)
}

/// The man page: the command line, and the keys of the workbench.
fn page() -> std::io::Result<Vec<u8>> {
    let command = Arguments::command();
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    for subcommand in command.get_subcommands() {
        section(&mut page, "kfra-tui", subcommand)?;
    }
    let mut roff = Roff::new();
    roff.control("SH", ["KEYS"]);
    for (_, keys, help) in tui::keys() {
        roff.control("TP", []);
        roff.text([bold(keys)]);
        roff.text([roman(help)]);
    }
    roff.to_writer(&mut page)?;
    Ok(page)
}

/// The section of a subcommand, and those of its own subcommands.
fn section(page: &mut Vec<u8>, parent: &str, command: &Command) -> std::io::Result<()> {
    let name = format!("{parent} {}", command.get_name());
    let mut roff = Roff::new();
    roff.control("SH", [name.as_str()]);
    roff.to_writer(page)?;
    let man = Man::new(command.clone());
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    command.get_subcommands().try_for_each(|below| section(page, &name, below))
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn the_man_page_has_every_subcommand_and_every_key() {
        let page = String::from_utf8(page().unwrap()).unwrap();
        for name in ["run", "check", "inspect", "bench", "export", "sweep", "report", "reproduce", "data fetch"] {
            assert!(page.contains(&format!("kfra-tui {name}")), "{name}: {page}");
        }
        for (_, _, help) in crate::tui::keys() {
            let start: String = help.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == ' ').collect();
            assert!(page.contains(&start), "{help}");
        }
    }
}
