# Let the model use a function for one answer
prices = {"tea": 3.5, "coffee": 4.0, "cake": 5.25}


def price(item: str) -> float:
    """Say what something costs.

    Args:
        item: tea, coffee or cake
    """
    print("The model asks for the price of", item)
    return prices[item]


await ask("What does tea cost?", tools=[price])
