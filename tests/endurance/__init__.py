"""Long runs with kills and full disks: started by hand, not by pytest.

- ``python -m tests.endurance.kills --command extract --signal KILL --times 30``
- ``python -m tests.endurance.situations``
- ``python -m tests.endurance.mixed --minutes 60``
"""
