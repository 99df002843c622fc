//! What Vital's frames were measured to be.

use songwalker_schemas::asset::component::{Cut, FilterShape, PhaseShift, Phases, WaveBlend, WindowShape};

use super::{Case, base, cycles, filter, fold, lines, phase_shift, shepard, slew, two_waves, warp, window};

/// Where the law is not known: the DC of cycles blended harmonic by harmonic.
const UNKNOWN: f32 = f32::NAN;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "waves by time",
        components: || vec![two_waves(WaveBlend::Time)],
        frame: 80,
        whole: false,
        re: [0.07, 0.181859, 0.0, 0.151465, 0.0, 0.0, 0.17, 0.0, 0.0, 0.0],
        im: [0.0, -0.276771, 0.0, 0.062746, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    },
    Case {
        name: "waves by harmonics",
        components: || vec![two_waves(WaveBlend::Harmonics)],
        frame: 80,
        whole: false,
        re: [0.07, 0.400935, 0.0, 0.324551, 0.0, 0.0, 0.169138, 0.0, 0.0, 0.0],
        im: [0.0, -0.389394, 0.0, 0.095382, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    },
    Case {
        name: "a normalised table",
        components: || vec![two_waves(WaveBlend::Harmonics)],
        frame: 80,
        whole: true,
        re: [0.0, 0.416058, 0.0, 0.336793, 0.0, 0.0, 0.175518, 0.0, 0.0, 0.0],
        im: [0.0, -0.404081, 0.0, 0.098979, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    },
    Case {
        name: "cycles: fade",
        components: || vec![cycles(Cut::Fade, Phases::Own)],
        frame: 90,
        whole: false,
        re: [
            -0.00333, -0.024882, 0.320348, 0.079547, -0.001693, 0.001466, 0.088434, 0.014555, -0.00023,
            -0.000046,
        ],
        im: [
            0.0, -0.041284, 0.059885, -0.060807, 0.025096, 0.001121, -0.122124, 0.008244, -0.000516, 0.000009,
        ],
    },
    Case {
        name: "cycles: cycle",
        components: || vec![cycles(Cut::Cycle, Phases::Own)],
        frame: 90,
        whole: false,
        re: [
            0.026282, 0.065095, 0.242526, -0.063949, -0.021491, -0.010233, 0.009306, -0.005582, -0.002286,
            -0.000518,
        ],
        im: [
            0.0, 0.031356, 0.227741, -0.085122, -0.03348, -0.01291, 0.129951, -0.04666, -0.023466, -0.011772,
        ],
    },
    Case {
        name: "cycles: time",
        components: || vec![cycles(Cut::Time, Phases::Own)],
        frame: 90,
        whole: false,
        re: [
            -0.017412, -0.041396, -0.132727, 0.023149, -0.000432, -0.009898, -0.100169, 0.019404, 0.006425,
            0.001894,
        ],
        im: [
            0.0, 0.028198, 0.213981, -0.08771, -0.042001, -0.028754, -0.017787, -0.013722, -0.009963,
            -0.005833,
        ],
    },
    Case {
        name: "cycles: harmonics",
        components: || vec![cycles(Cut::Harmonics, Phases::Own)],
        frame: 90,
        whole: false,
        re: [
            UNKNOWN, -0.046775, -0.147284, 0.024339, -0.001571, -0.011148, -0.149132, 0.029044, 0.009583,
            0.002761,
        ],
        im: [
            0.0, 0.066352, 0.304889, -0.101958, -0.044036, -0.02782, 0.013689, -0.015697, -0.009874,
            -0.005542,
        ],
    },
    Case {
        name: "cycles: aligned phases",
        components: || vec![cycles(Cut::Time, Phases::Aligned)],
        frame: 90,
        whole: false,
        re: [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        im: [
            0.0, 0.050087, -0.251802, 0.090713, -0.042003, 0.03041, 0.101736, 0.023766, -0.011855, -0.006133,
        ],
    },
    Case {
        name: "cycles: random phases",
        components: || vec![cycles(Cut::Time, Phases::Random)],
        frame: 90,
        whole: false,
        re: [
            0.017212, 0.043279, -0.251766, -0.01653, -0.00963, -0.013033, 0.069485, -0.017007, -0.00396,
            -0.002692,
        ],
        im: [
            0.0, 0.025213, -0.004267, -0.089194, 0.040885, 0.027475, 0.074311, 0.016601, 0.011174, -0.00551,
        ],
    },
    Case {
        name: "lines",
        components: || vec![lines()],
        frame: 60,
        whole: false,
        re: [
            0.042763, -0.284486, 0.194305, -0.154889, 0.057026, -0.011096, 0.051499, 0.021345, 0.027158,
            -0.007465,
        ],
        im: [
            0.0, 0.126872, -0.215118, -0.135633, 0.019353, -0.144689, -0.059605, 0.010004, -0.033258,
            -0.032692,
        ],
    },
    Case {
        name: "shepard",
        components: || vec![shepard()],
        frame: 80,
        whole: false,
        re: [
            0.000488, 0.000462, 0.001051, 0.000462, 0.001051, 0.000462, 0.000462, 0.000462, 0.001051,
            0.001051,
        ],
        im: [
            0.0, -0.300902, -0.406048, -0.1003, -0.203022, -0.060179, -0.042984, -0.033431, -0.067669,
            -0.040596,
        ],
    },
    Case {
        name: "phase shift: All",
        components: || vec![base(), phase_shift(PhaseShift::All)],
        frame: 100,
        whole: false,
        re: [0.05, -0.154612, 0.0, 0.04452, 0.0, 0.0, 0.101191, 0.0, 0.0, 0.0],
        im: [0.0, -0.543562, 0.0, -0.151686, 0.0, 0.0, 0.058947, 0.0, 0.0, 0.0],
    },
    Case {
        name: "phase shift: EvenOdd",
        components: || vec![base(), phase_shift(PhaseShift::EvenOdd)],
        frame: 100,
        whole: false,
        re: [0.05, 0.154612, 0.0, 0.156455, 0.0, 0.0, 0.101191, 0.0, 0.0, 0.0],
        im: [0.0, -0.543562, 0.0, 0.022642, 0.0, 0.0, -0.058947, 0.0, 0.0, 0.0],
    },
    Case {
        name: "phase shift: Harmonic",
        components: || vec![base(), phase_shift(PhaseShift::Harmonic)],
        frame: 100,
        whole: false,
        re: [
            0.045297, -0.154612, 0.0, 0.186927, 0.0, 0.0, 0.13589, 0.0, 0.0, 0.0,
        ],
        im: [0.0, -0.543562, 0.0, -0.211895, 0.0, 0.0, -0.038653, 0.0, 0.0, 0.0],
    },
    Case {
        name: "phase shift: HarmonicEvenOdd",
        components: || vec![base(), phase_shift(PhaseShift::HarmonicEvenOdd)],
        frame: 100,
        whole: false,
        re: [
            0.045297, 0.154612, 0.0, 0.270465, 0.0, 0.0, 0.13589, 0.0, 0.0, 0.0,
        ],
        im: [0.0, -0.543562, 0.0, -0.081793, 0.0, 0.0, 0.038653, 0.0, 0.0, 0.0],
    },
    Case {
        name: "phase shift: Clear",
        components: || vec![base(), phase_shift(PhaseShift::Clear)],
        frame: 100,
        whole: false,
        re: [0.05, 0.6, 0.0, 0.3, 0.0, 0.0, 0.15, 0.0, 0.0, 0.0],
        im: [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    },
    Case {
        name: "window: Cosine",
        components: || vec![base(), window(WindowShape::Cosine)],
        frame: 100,
        whole: false,
        re: [
            0.002768, -0.079648, -0.052092, 0.214177, -0.041273, -0.04699, 0.107602, -0.017443, -0.000612,
            -0.000021,
        ],
        im: [
            0.0, -0.511236, 0.126696, -0.053033, 0.066691, 0.027687, -0.002857, 0.005031, -0.002168, 0.000123,
        ],
    },
    Case {
        name: "window: HalfSine",
        components: || vec![base(), window(WindowShape::HalfSine)],
        frame: 100,
        whole: false,
        re: [
            0.010058, -0.070586, -0.052263, 0.211894, -0.038784, -0.040079, 0.114285, -0.018591, -0.004149,
            -0.000907,
        ],
        im: [
            0.0, -0.544009, 0.082515, -0.086535, 0.051743, 0.027721, 0.00531, 0.006343, 0.000193, 0.00024,
        ],
    },
    Case {
        name: "window: Linear",
        components: || vec![base(), window(WindowShape::Linear)],
        frame: 100,
        whole: false,
        re: [
            0.006424, -0.069099, -0.043491, 0.209208, -0.051937, -0.04665, 0.112047, -0.016837, -0.00195,
            -0.000701,
        ],
        im: [
            0.0, -0.501198, 0.126667, -0.067223, 0.053006, 0.020233, -0.002932, 0.010062, 0.000321, 0.000079,
        ],
    },
    Case {
        name: "window: Square",
        components: || vec![base(), window(WindowShape::Square)],
        frame: 100,
        whole: false,
        re: [
            -0.008081, -0.030044, 0.012415, 0.131858, -0.145555, 0.000743, 0.071722, 0.003601, 0.025992,
            0.000627,
        ],
        im: [
            0.0, -0.289457, 0.251796, -0.090068, 0.036531, 0.006371, -0.003247, 0.000389, 0.038469, -0.026145,
        ],
    },
    Case {
        name: "window: Wiggle",
        components: || vec![base(), window(WindowShape::Wiggle)],
        frame: 100,
        whole: false,
        re: [
            -0.004869, -0.068844, -0.014333, 0.22379, -0.074322, -0.082114, 0.098314, -0.005974, 0.003183,
            -0.000225,
        ],
        im: [
            0.0, -0.367656, 0.287315, 0.026323, 0.066862, -0.014029, -0.040754, 0.017341, -0.004704, 0.000857,
        ],
    },
    Case {
        name: "filter: LowPass",
        components: || vec![base(), filter(FilterShape::LowPass)],
        frame: 100,
        whole: false,
        re: [0.062897, 0.0, 0.0, 0.308593, 0.0, 0.0, 0.059227, 0.0, 0.0, 0.0],
        im: [0.0, -0.75476, 0.0, -0.198146, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    },
    Case {
        name: "filter: BandPass",
        components: || vec![base(), filter(FilterShape::BandPass)],
        frame: 100,
        whole: false,
        re: [0.02674, 0.0, 0.0, 0.245318, 0.0, 0.0, 0.047083, 0.0, 0.0, 0.0],
        im: [0.0, -0.419563, 0.0, -0.157517, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    },
    Case {
        name: "filter: HighPass",
        components: || vec![base(), filter(FilterShape::HighPass)],
        frame: 100,
        whole: false,
        re: [0.02674, 0.0, 0.0, 0.252441, 0.0, 0.0, 0.15, 0.0, 0.0, 0.0],
        im: [0.0, -0.419563, 0.0, -0.162091, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    },
    Case {
        name: "filter: Comb",
        components: || vec![base(), filter(FilterShape::Comb)],
        frame: 100,
        whole: false,
        re: [0.0, 0.0, 0.0, 0.503995, 0.0, 0.0, 0.278165, 0.0, 0.0, 0.0],
        im: [0.0, -1.026797, 0.0, -0.323611, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    },
    Case {
        name: "slew",
        components: || vec![base(), slew()],
        frame: 100,
        whole: false,
        re: [
            0.142199, -0.292195, 0.011361, 0.02272, -0.025398, -0.010829, 0.0215, -0.005182, 0.000194,
            0.000381,
        ],
        im: [
            0.0, -0.445489, -0.071851, -0.118682, -0.037273, 0.037586, -0.004591, 0.005206, 0.002077,
            0.000075,
        ],
    },
    Case {
        name: "fold",
        components: || vec![base(), fold()],
        frame: 100,
        whole: false,
        re: [
            -0.013055, 0.320846, 0.054915, 0.112131, 0.045963, 0.24166, 0.149109, 0.098429, -0.003155,
            0.00056,
        ],
        im: [
            0.0, -0.877064, -0.106577, -0.432622, 0.088743, -0.133845, 0.076763, -0.127485, 0.003168,
            -0.000021,
        ],
    },
    Case {
        name: "warp: asymmetric False",
        components: || vec![base(), warp(false)],
        frame: 100,
        whole: false,
        re: [
            -0.068275, 0.299021, -0.250167, 0.111799, 0.009627, 0.061159, 0.081715, -0.007811, 0.034794,
            0.017732,
        ],
        im: [
            0.0, -0.8535, -0.171907, -0.101731, -0.177252, -0.094325, -0.048106, -0.03894, -0.016241,
            0.001377,
        ],
    },
    Case {
        name: "warp: asymmetric True",
        components: || vec![base(), warp(true)],
        frame: 100,
        whole: false,
        re: [
            0.708655, -0.205926, -0.010455, 0.07274, -0.035548, 0.018462, 0.085338, 0.035526, -0.026958,
            0.007468,
        ],
        im: [
            0.0, -0.188928, -0.230761, -0.072519, -0.071264, -0.0873, -0.010197, 0.002439, 0.009269, 0.014399,
        ],
    },
];
