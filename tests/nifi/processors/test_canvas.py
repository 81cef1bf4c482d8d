"""What somebody sees who never opens a terminal: NiFi's own pages in a headless Chromium.

The pages are kept as pictures in build/screenshots.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import nipyapi
import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from dai_nifi.archives.install import install
from dai_nifi.extensions.source import EXTENSIONS
from tests.support.models.titanic import GOLDEN_ROW
from tests.support.nifi.batch_flow import Folders
from tests.support.nifi.canvas import Canvas, score_processor
from tests.support.nifi.instance import NiFi
from tests.support.ports import free_port
from tests.support.project import quiet
from tests.support.waiting import until

pytestmark = pytest.mark.nifi

T = TypeVar("T")

PROCESSORS = [extension.processor for extension in EXTENSIONS]
_PICTURES = Path(__file__).parents[3] / "build" / "screenshots"
_SECONDS = 240


class Browser:
    """A Chromium that looks at one NiFi."""

    def __init__(self, driver: webdriver.Chrome, url: str) -> None:
        self.driver = driver
        self._url = url

    def open(self, page: str) -> None:
        self.driver.get(f"{self._url}/nifi/{page}")
        # NiFi's pages differ behind the # only, for which a browser does not load anew.
        self.driver.refresh()

    def until(self, found: Callable[[], T]) -> T:
        """What is found, once it is."""
        waiting = WebDriverWait(self.driver, _SECONDS, ignored_exceptions=[StaleElementReferenceException])
        return waiting.until(lambda _: found())

    def text(self, selector: str = "body") -> str:
        """The visible text of the first such element; empty where there is none."""
        return next((one.text for one in self.driver.find_elements(By.CSS_SELECTOR, selector)), "")

    def texts(self, selector: str) -> list[str]:
        """The text of each such element."""
        return [one.text for one in self.driver.find_elements(By.CSS_SELECTOR, selector)]

    def hover(self, selector: str) -> str:
        """The text of what NiFi shows when the pointer rests on the first such element."""

        def tip() -> str:
            for found in self.driver.find_elements(By.CSS_SELECTOR, selector)[:1]:
                # Off it first: to rest where it already is tells the pointer nothing.
                away = ActionChains(self.driver).move_to_element(found).move_by_offset(-60, 60)
                away.move_to_element(found).pause(1).perform()
            return self.text("div.tooltip")

        return self.until(tip)

    def click(self, text: str, selector: str) -> None:
        """Click the first such element that has this text, once there is one that can be clicked."""

        def done() -> bool:
            for found in self.driver.find_elements(By.CSS_SELECTOR, selector):
                if found.text == text and found.is_displayed() and found.is_enabled():
                    found.click()
                    return True
            return False

        self.until(done)

    def choose(self, selector: str, item: str) -> None:
        """Choose an item of the menu that a right click on the element opens."""
        (found,) = self.until(lambda: self.driver.find_elements(By.CSS_SELECTOR, selector))
        ActionChains(self.driver).context_click(found).perform()
        self.click(item, "[class*=context-menu] *")

    def keep(self, name: str) -> None:
        """Keep a picture of what is seen."""
        _PICTURES.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(_PICTURES / f"{name}.png"))


@pytest.fixture(scope="module")
def browser(nifi: NiFi) -> Iterator[Browser]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("Debian's chromium and chromium-driver are not installed: make test-packages, as root")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for one in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1600,1000"):
        options.add_argument(one)
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver, port=free_port()))
    try:
        yield Browser(started, nifi.url)
    finally:
        started.quit()


@pytest.fixture(scope="module")
def all_processors(nifi: NiFi, cpp_nar: Path, python_nar: Path) -> None:
    for nar in (cpp_nar, python_nar):
        install(nar, quiet)


def test_the_add_processor_dialog_finds_the_three_processors(browser: Browser, all_processors: None) -> None:
    browser.open("#/process-groups/root")
    buttons = browser.until(lambda: browser.driver.find_elements(By.CSS_SELECTOR, "button.icon-processor"))
    browser.until(lambda: browser.driver.find_elements(By.CSS_SELECTOR, "#birdseye-canvas"))
    dialog = "mat-dialog-container"

    def dragged() -> list[WebElement]:
        # The canvas takes nothing while NiFi's answers are on their way, and does not say so.
        if not browser.driver.find_elements(By.CSS_SELECTOR, dialog):
            drag = ActionChains(browser.driver).click_and_hold(buttons[0])
            drag.move_by_offset(50, 50).move_by_offset(500, 500).release().pause(5).perform()
        return browser.driver.find_elements(By.CSS_SELECTOR, f"{dialog} input")

    fields = browser.until(dragged)
    fields[0].send_keys("h2o")
    browser.until(lambda: f"Showing {len(PROCESSORS)} of" in browser.text(dialog))
    browser.keep("add-processor")
    shown = browser.text(dialog)
    assert all(name in shown for name in PROCESSORS)
    assert "Scores the records of a FlowFile with a model of H2O Driverless AI" in shown


@pytest.mark.parametrize("processor", PROCESSORS)
def test_a_processor_documents_itself(browser: Browser, all_processors: None, processor: str) -> None:
    kinds = nipyapi.canvas.list_all_processor_types().processor_types
    bundle = next(kind.bundle for kind in kinds if kind.type == processor)
    browser.open(f"#/documentation/Processor/{bundle.group}/{bundle.artifact}/{bundle.version}/{processor}")
    browser.until(lambda: "Use Cases Involving Other Components" in browser.text())
    browser.keep(f"usage-{processor}")
    shown = browser.text()
    for section in ("Description", "Tags", "Properties", "Relationships", "Input Requirement", "Use Cases"):
        assert section in shown
    for told in ("Example:", "RELATIONSHIPS: 'success'", "'rejected'", "ATTRIBUTES WRITTEN: record.count", "h2o"):
        assert told in shown
    assert "Answer HTTP requests with scores" in shown


def test_a_deployed_flow_stands_on_the_canvas(browser: Browser, titanic_batch: Folders) -> None:
    group = nipyapi.canvas.get_process_group(titanic_batch.name)
    # With a selection the canvas moves to where that is; what is out of sight is not drawn.
    browser.open(f"#/process-groups/{group.component.parent_group_id}/ProcessGroup/{group.id}")
    browser.until(lambda: titanic_batch.name in browser.texts("g.process-group text"))
    browser.keep("canvas")
    browser.open(f"#/process-groups/{group.id}")
    names = {one.component.name for one in nipyapi.canvas.list_all_processors(group.id)}
    browser.until(lambda: names <= set(browser.texts("g.processor text.processor-name")))
    browser.keep("flow")
    states = {one.status.aggregate_snapshot.run_status for one in nipyapi.canvas.list_all_processors(group.id)}
    assert states == {"Running"}


@pytest.fixture
def canvas(nifi: NiFi) -> Iterator[Canvas]:
    made = Canvas()
    yield made
    made.remove()


def is_advice(text: str) -> bool:
    """Whether somebody at the canvas can read it: no stack trace, and no name of a Java or Python class."""
    return not re.search(r"Traceback|\bat \w+\.\w+\.|\w+(Exception|Error)\b|\w+\.\w+\.[A-Z]", text)


def test_an_invalid_processor_says_why(browser: Browser, canvas: Canvas, needs_licence: Path) -> None:
    processor = score_processor(canvas, needs_licence)
    canvas.validation(processor)
    browser.open(f"#/process-groups/{canvas.group.id}")
    said = browser.hover(f"#id-{processor.id} text.run-status-icon.invalid")
    browser.keep("invalid")
    assert "needs a Driverless AI licence, and none was found. Set Licence Key or Licence File" in said
    assert is_advice(said)


def test_verify_tells_the_same_before_anything_is_applied(
    browser: Browser, canvas: Canvas, needs_licence: Path
) -> None:
    processor = score_processor(canvas, needs_licence)
    canvas.validation(processor)
    browser.open(f"#/process-groups/{canvas.group.id}")
    browser.choose(f"#id-{processor.id} text.processor-name", "Configure")
    browser.click("Properties", "mat-dialog-container [role=tab]")
    browser.click("", "property-verification button")
    said = browser.until(lambda: "Perform Validation" in (t := browser.text("property-verification")) and t)
    browser.keep("verify")
    assert "needs a Driverless AI licence, and none was found" in said


def test_a_bulletin_is_advice(browser: Browser, canvas: Canvas, titanic: Path) -> None:
    processor = score_processor(canvas, titanic)
    lacking = ",".join(name for name in GOLDEN_ROW if name not in ("age", "cabin"))
    text = {
        "Data Format": "Text",
        "Unique FlowFiles": "false",
        "Custom Text": f"{lacking}\n3,male,A1,7.25\n",
    }
    source = canvas.processor(
        "GenerateFlowFile",
        {"File Size": "0B", **text, "Mime Type": "text/csv"},
        (0.0, 300.0),
        scheduling_period="1 sec",
    )
    nipyapi.canvas.create_connection(source, processor, ["success"])
    until(lambda: canvas.validation(processor)[0] == "VALID")
    for one in (processor, source):
        nipyapi.canvas.schedule_processor(nipyapi.canvas.get_processor(one.id, "id"), True)
    browser.open(f"#/process-groups/{canvas.group.id}")
    said = browser.hover(f"#id-{processor.id} rect.bulletin-background")
    browser.keep("bulletin")
    assert "which goes to failure as it came: 2 column(s) of the model are missing from the records: age, cabin" in said
    assert "Or set Missing Columns to 'treat as missing values'" in said
    assert is_advice(said.partition("]")[2])

    def failed() -> int:
        counters = nipyapi.nifi.CountersApi().get_counters().counters.aggregate_snapshot.counters
        return sum(one.value_count for one in counters if processor.id in one.context and "failed" in one.name)

    # The same of every FlowFile would hide whatever else there is to say.
    until(lambda: failed() > 3)
    assert browser.hover(f"#id-{processor.id} rect.bulletin-background").count("Cannot score") < failed()
