"""`python -m infra.cost`: write docs/cost.md."""

from infra.cost.bill import main

main()
