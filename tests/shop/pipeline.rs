//! The pipeline of one repository: each build puts the demo shop under load, is judged, and joins the history when it
//! was good. Everything goes through the binary, with real Locust.

use std::path::PathBuf;

use loadforge_ci::demo::scripts::{DemoScript, ECOMMERCE};
use loadforge_ci::demo::shop::Fault;
use loadforge_ci::results::ResultsFolder;
use loadforge_ci::verdict::Verdict;

use crate::open_shop::OpenShop;
use crate::tool::{Ended, Tool};

/// Enough requests for the p95 of every endpoint, log-in too, after a quarter of a minute.
const LOAD: [&str; 6] = ["--users", "100", "--spawn-rate", "50", "--duration", "15s"];

/// A shop that stays open, and a repository whose builds load it.
pub(crate) struct Pipeline {
    tool: Tool,
    shop: OpenShop,
    script: DemoScript,
    builds: u32,
}

/// How a build was judged.
pub(crate) struct Build {
    pub(crate) gate: Ended,
    pub(crate) verdict: Verdict,
}

impl Pipeline {
    pub(crate) fn new() -> Self {
        Self::of(ECOMMERCE)
    }

    /// The pipeline that runs this script.
    pub(crate) fn of(script: DemoScript) -> Self {
        let shop = OpenShop::new();
        let mut tool =
            Tool::new().file(script.file, script.source).env("CIRCLECI", "true").env("CIRCLE_BRANCH", "main");
        for (name, value) in shop.env() {
            tool = tool.env(name, value);
        }
        Self { tool, shop, script, builds: 0 }
    }

    /// The shop changes; what it did before is the history's business.
    pub(crate) fn shop_gets(&self, faults: Vec<Fault>) {
        self.shop.set_faults(faults);
    }

    /// The next commit's build up to its verdict: a run, then `gate` with these flags.
    pub(crate) fn build(&mut self, gate: &[&str]) -> Build {
        self.builds += 1;
        self.load(&LOAD).expect(0);
        let gate = self.command(&[&["gate"], gate].concat());
        Build { gate, verdict: self.verdict() }
    }

    /// The same, and a run that passed joins the history.
    pub(crate) fn good_build(&mut self, gate: &[&str]) -> Build {
        let build = self.build(gate);
        if build.gate.code == 0 {
            self.command(&["baseline", "add"]).expect(0);
        }
        build
    }

    /// `run` against the shop, with this load.
    pub(crate) fn load(&self, load: &[&str]) -> Ended {
        let mut run = vec!["run", "--engine", "local", "--locustfile", self.script.file];
        run.extend(load);
        let url = self.shop.url();
        run.extend(["--target-host", &url]);
        for name in self.script.variables {
            run.extend(["--env", name]);
        }
        self.command(&run)
    }

    /// What `gate` wrote last.
    pub(crate) fn verdict(&self) -> Verdict {
        ResultsFolder::new(self.path("loadforge-results")).read_json(ResultsFolder::VERDICT).unwrap()
    }

    /// Any command in this repository, at the commit of the latest build.
    pub(crate) fn command(&self, arguments: &[&str]) -> Ended {
        // Forty digits that differ from the first on, as a commit's do.
        let commit = format!("{:08x}", 0x51ed_270b_u32.wrapping_mul(self.builds)).repeat(5);
        Ended::of(self.tool.command(arguments).env("CIRCLE_SHA1", commit).output().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.tool.path(name)
    }
}
