use extract_llm::Extract;

#[derive(Extract)]
#[extract(nam = "order")]
struct Order<'a, T, const N: usize> {
    sku: &'a str,
    list: [T; N],
}

#[derive(Extract)]
struct Orders {
    orders: Vec<Order<'static, u8, 3>>,
}

fn takes<T: Extract>() {}

fn main() {
    takes::<Order<'static, String, 2>>();
    takes::<Orders>();
}
