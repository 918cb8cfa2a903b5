//! A store that is connected to the sandbox, with everything that a server would hold of it.

use crate::{
    app::{Setup, TestApp},
    fake_embedder::FakeEmbedder,
    index_backend::pass,
    shop_fixture as fixture,
};
use api::{
    db::{desk::Desks, keys::Keys, mirror::Mirrors},
    machine::Machine,
    sandbox::{Delivery, Options, RunningSandbox, Sandbox},
    shopify::{
        erase::Eraser,
        index::IndexWriter,
        shop::{Shop, Shops},
        worker::{Pace, Worker},
    },
    wiring::{House, HouseClock, Places, SystemClock},
};
use engine::{StoreId, StorePass};
use ingest::{
    index::{erase::Place, point::Fields},
    shopify::ShopifyStorefront,
};
use jiff::SignedDuration;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::net::TcpListener;

pub const STORE: &str = "fjellvik";

/// One store's data folder, its connection, its worker.
pub struct Connected {
    pub data: PathBuf,
    pub pass: StorePass,
    pub house: House,
    pub shop: Arc<Shop>,
    pub shops: Shops,
    pub worker: Worker,
    pub desks: Arc<Desks>,
    pub keys: Keys,
}

/// Serves a fixture of so many products.
pub async fn sandbox(products: usize, options: Options) -> RunningSandbox {
    let folder = tempfile::tempdir().expect("a folder");
    fixture::write(folder.path(), products, 1);
    let sandbox = Sandbox::load(folder.path(), options).unwrap_or_else(|error| panic!("{error}"));
    sandbox.start(TcpListener::bind("127.0.0.1:0").await.expect("a port")).expect("served")
}

/// Answers at once, so that a test waits for nothing but itself.
pub fn brisk() -> Options {
    Options { bucket: (1e9, 1e9), bulk_delay: Duration::from_millis(20), ..Options::default() }
}

impl Connected {
    /// In `data`, to a sandbox that answers at `url`. What is there of the store already is gone on with.
    pub async fn open(data: &Path, url: &str) -> Self {
        let pass = pass(STORE);
        let folder = data.join("stores").join(STORE);
        fs::create_dir_all(&folder).expect("a folder");
        let settings = format!(
            "name = \"Fjellvik\"\ndomain = \"fjellvik.example\"\ncurrency = \"EUR\"\nlanguages = [\"en\"]\n\
             [hours]\ntime_zone = \"Europe/Oslo\"\n[shopify]\nshop = \"{}\"\naccess_token = \"{}\"\n\
             client_secret = \"{}\"\nendpoint = \"{url}\"\n",
            fixture::DOMAIN,
            fixture::TOKEN,
            fixture::SECRET
        );
        fs::write(folder.join("store.toml"), settings).expect("written");
        let config = api::config::shipped().expect("the shipped settings");
        let places = Places { data: data.to_owned(), models: data.join("models") };
        let house = House { config, places, machine: Machine::look(), clock: HouseClock::default() };
        let mirrors = Arc::new(Mirrors::new(data.to_owned()));
        let mirror = mirrors.of(&pass).await.expect("a mirror");
        let storefront = Arc::new(ShopifyStorefront::new(Arc::new(SystemClock)));
        let shop = Shop::connect(data, &pass, mirror, storefront).unwrap_or_else(|error| panic!("{error}"));
        let shop = Arc::new(shop);
        let shops = Shops::default();
        shops.put(shop.clone());
        let embedder = Arc::new(FakeEmbedder::new("fake@1", 32));
        let desks = Arc::new(Desks::new(data.to_owned(), Arc::new(SystemClock)));
        let keys = Keys::open(data).await.expect("keys");
        let pace = Pace {
            settle: Duration::from_millis(300),
            // Nothing is found by chance: tests say when it is looked for.
            reconcile: SignedDuration::from_hours(1000),
            sweep: SignedDuration::from_hours(1000),
            retry: Duration::from_millis(50),
        };
        let worker = Worker {
            shop: shop.clone(),
            index: IndexWriter { house: house.clone(), embedder },
            desks: desks.clone(),
            keys: keys.clone(),
            mirrors,
            shops: shops.clone(),
            pace,
        };
        Self { data: data.to_owned(), pass, house, shop, shops, worker, desks, keys }
    }

    /// The server's routes over this store's connection.
    pub async fn app(&self) -> TestApp {
        TestApp::with(|setup: &mut Setup| setup.shops = self.shops.clone()).await
    }

    pub fn store(&self) -> &StoreId {
        self.pass.store()
    }

    pub fn folder(&self) -> PathBuf {
        self.data.join("stores").join(STORE)
    }

    pub fn place(&self) -> Place {
        self.house.place(&self.pass).expect("a shelf")
    }

    pub fn eraser(&self) -> Eraser {
        let mirror = self.shop.mirror.clone();
        self.house.eraser(self.pass.clone(), mirror, self.desks.clone()).expect("an eraser")
    }

    /// Everything that searches can find, by the id of its passage: the version of the document, and the words.
    pub async fn index(&self) -> BTreeMap<String, (String, String)> {
        let mut found = BTreeMap::new();
        let mut see = |fields: &Fields| {
            let said = format!("{} {:?} {} {:?}", fields.title, fields.heading, fields.text, fields.url);
            let known = found.insert(format!("{}#{}", fields.doc, fields.chunk), (fields.hash.clone(), said));
            assert_eq!(known, None, "{} is there twice", fields.doc);
        };
        self.place().visit(&mut see).await.expect("an index");
        found
    }
}

/// What a delivery brings along, for [`crate::app::Caller::send`].
pub fn parts(delivery: &Delivery) -> (Vec<(&str, &str)>, String) {
    (delivery.headers().into(), String::from_utf8(delivery.body.clone()).expect("JSON"))
}
