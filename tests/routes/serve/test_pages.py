"""What a person sees: the page of the models in a headless Chromium, and the description of the paths."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.support.ports import free_port
from tests.support.project import ROOT
from tests.support.server.serving import Server
from tests.support.waiting import PATIENCE

Rows = list[dict[str, str]]
_PICTURES = ROOT / "build" / "screenshots"


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium")
    if driver is None or chromium is None:
        pytest.skip("chromium and chromedriver are not installed: make test-packages")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1100,1000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options, webdriver.ChromeService(driver, port=free_port())) as found:
        yield found


def test_a_row_is_scored_on_the_page(server: Server, browser: webdriver.Chrome, rows: Rows, expected: Rows) -> None:
    browser.get(f"{server.address}/")
    wait = WebDriverWait(browser, PATIENCE)
    wait.until(lambda _: len(browser.find_elements(By.CSS_SELECTOR, "#row input")) == 7)
    assert "h2o-genmodel" in browser.find_element(By.ID, "about").text
    for field in browser.find_elements(By.CSS_SELECTOR, "#row input"):
        field.send_keys(rows[0][str(field.get_attribute("name"))])
    browser.find_element(By.CSS_SELECTOR, "#row button").click()
    wait.until(lambda _: len(browser.find_elements(By.CSS_SELECTOR, "#bars .track i")) > 5)
    shown = {
        row.find_element(By.TAG_NAME, "th").text: row.find_element(By.TAG_NAME, "td").text
        for row in browser.find_elements(By.CSS_SELECTOR, "#scores tr")
    }
    assert shown["predict"] == expected[0]["predict"]
    assert float(shown["female"]) == pytest.approx(float(expected[0]["female"]))
    _PICTURES.mkdir(parents=True, exist_ok=True)
    browser.save_screenshot(_PICTURES / "serve-model.png")
    # A value that does not fit is told, not scored.
    field = browser.find_element(By.NAME, "body_mass_g")
    field.clear()
    field.send_keys("heavy")
    browser.find_element(By.CSS_SELECTOR, "#row button").click()
    wait.until(lambda _: "body_mass_g" in browser.find_element(By.ID, "error").text)
    asked = [one["message"] for one in browser.get_log("browser") if "favicon" not in one["message"]]  # type: ignore[no-untyped-call]
    # The refusal alone: nothing on the page is blocked or missing.
    assert len(asked) == 1
    assert "/model/score" in asked[0]


def test_the_page_of_the_paths(server: Server, browser: webdriver.Chrome) -> None:
    browser.get(f"{server.address}/docs")
    WebDriverWait(browser, PATIENCE).until(lambda _: "/v2/models/penguins/infer" in browser.page_source)
    browser.save_screenshot(_PICTURES / "serve-docs.png")


def test_nothing_is_loaded_from_elsewhere(server: Server) -> None:
    for path in ("/", "/docs"):
        page = server.get(path)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "http://" not in page.text
        assert "https://" not in page.text


def test_the_description_has_every_path(server: Server) -> None:
    found = server.get("/openapi.json").json
    assert found["openapi"] == "3.1.0"
    for path, methods in found["paths"].items():
        allowed = set(server.ask("DELETE", path).headers["allow"].split(", ")) - {"HEAD"}
        assert {one.upper() for one in methods} == allowed, path
    record = found["components"]["schemas"]["Record-of-penguins"]
    assert record["properties"]["bill_length_mm"]["type"] == ["number", "null"]
