"""Runs uwsgitop on a screen that is a list of lines, through all its views, and prints the lines.

usage: uwsgitop_screen.py ADDRESS
"""

import importlib.machinery
import os
import sys
import types


class Screen:
    """What uwsgitop uses of a window of curses."""

    def __init__(self, keys):
        self.keys = iter(keys)

    def addstr(self, row, column, text, attributes=0):
        print(text)

    def getch(self):
        return ord(next(self.keys))

    def clear(self):
        pass

    refresh = timeout = lambda self, *_: None


curses = types.ModuleType("curses")
curses.error = type("error", (Exception,), {})
for number, colour in enumerate(("GREEN", "MAGENTA", "RED", "YELLOW", "BLUE")):
    setattr(curses, "COLOR_" + colour, number)
curses.A_REVERSE = 0
curses.initscr = lambda: Screen("aaq")
curses.color_pair = lambda number: 0
for name in ("noecho", "echo", "start_color", "use_default_colors", "init_pair", "curs_set", "endwin"):
    setattr(curses, name, lambda *_: None)
sys.modules["curses"] = curses

program = os.path.join(os.path.dirname(sys.executable), "uwsgitop")
loader = importlib.machinery.SourceFileLoader("uwsgitop", program)
uwsgitop = types.ModuleType("uwsgitop")
loader.exec_module(uwsgitop)
uwsgitop.main()
