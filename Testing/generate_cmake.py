"""Writes the file lists of ``SlicerHCCResponse/CMakeLists.txt``; a test compares them with the folders.

Slicer packages only the files that are listed: run ``python Testing/generate_cmake.py`` after adding or removing one.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULE = ROOT / "SlicerHCCResponse"
TEMPLATE = """# Written by Testing/generate_cmake.py; do not edit the lists by hand.
set(MODULE_NAME HCCResponse)

set(MODULE_PYTHON_SCRIPTS
  {scripts}
)

# Files of the top-level Resources folder. The macro's RESOURCES argument takes only files below this folder and keeps
# relative paths, so they are copied into the module's Resources folder in the build tree; the macro's own install step
# ships that folder.
set(MODULE_PYTHON_RESOURCES
  {resources}
)

foreach(file IN LISTS MODULE_PYTHON_RESOURCES)
  configure_file(
    "${{HCCResponse_SOURCE_DIR}}/Resources/${{file}}"
    "${{CMAKE_BINARY_DIR}}/${{Slicer_QTSCRIPTEDMODULES_LIB_DIR}}/Resources/${{file}}"
    COPYONLY
  )
endforeach()

slicerMacroBuildScriptedModule(
  NAME ${{MODULE_NAME}}
  SCRIPTS ${{MODULE_PYTHON_SCRIPTS}}
  WITH_GENERIC_TESTS
)
"""


def listed_scripts() -> list[str]:
    """Every Python file of the module, relative to it."""
    library = sorted(p.relative_to(MODULE).as_posix() for p in (MODULE / "HCCResponseLib").rglob("*.py"))
    return ["HCCResponse.py", *library]


def listed_resources() -> list[str]:
    """Every shipped resource, relative to the Resources folder."""
    folder = ROOT / "Resources"
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def cmake_text() -> str:
    """The whole file."""
    return TEMPLATE.format(scripts="\n  ".join(listed_scripts()), resources="\n  ".join(listed_resources()))


if __name__ == "__main__":
    (MODULE / "CMakeLists.txt").write_text(cmake_text(), encoding="utf-8")
