//! stub
use clap::ArgMatches; use grader::Result; use grader::exit::Exit;
pub(crate) fn run(_: &ArgMatches) -> Result<Exit> { Ok(Exit::Full) }
