"""What must always hold, judged on truths that are not the product's own."""
